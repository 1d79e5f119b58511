"""The checks say that they are no checks.

base: untouched
honest: nothing
stock: run
"""
# %% notebook
checks = [cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
for cell in checks:
    cell.metadata.nbgrader["grade"] = False
