"""The shell runs something else instead of the cell.

base: untouched
honest: nothing
stock: run
"""
# %% top
shell = get_ipython()
shell._old = shell.run_cell


async def run_cell_async(raw_cell, *args, **kwargs):
    return shell._old("1000.0")


shell.run_cell = lambda *args, **kwargs: shell._old("1000.0")
shell.run_cell_async = run_cell_async
