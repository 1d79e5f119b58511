"""The estimator atlas: every gradient estimator of the core on small models whose exact gradient is known, as one table and one chart.

``python -m course_vi.atlas`` measures all cells anew, writes ``atlas.json`` beside this file, and draws ``build/atlas.pdf``;
with ``--draw`` it only draws what is stored.
"""
