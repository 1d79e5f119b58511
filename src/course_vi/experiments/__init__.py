"""Experiments of the lectures that do not fit on a page: each with its seeds, and with a stored table where it takes minutes.

A lecture computes where it is read. What is here is longer than a cell (``exact_arena``, ``collapse_trial``), or an exercise asks for the
like of it (``soft_step``). Tables are written by ``benchmarks/``, one script for a lecture, and read by ``stored_tables``.
"""
