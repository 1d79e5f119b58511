"""Errors are not shown.

base: untouched
honest: nothing
stock: run
"""
# %% top
get_ipython().showtraceback = lambda *args, **kwargs: None
