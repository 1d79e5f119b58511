"""The written answer is wrapped in Formgrader's own classes: a click on the text would press 'Full credit'.

base: solved
honest: all
stock: run
"""
# %% notebook
for c in nb.cells:
    if c.metadata.get("nbgrader", {}).get("grade_id") == "03_written":
        c.source = '<div class="full-credit" style="padding:60px">A long answer. Please select this text to quote it.</div>'
