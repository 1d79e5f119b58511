"""The checks are deleted.

base: untouched
honest: nothing
stock: run
"""
# %% notebook
checks = [cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
nb.cells = [cell for cell in nb.cells if cell not in checks]
