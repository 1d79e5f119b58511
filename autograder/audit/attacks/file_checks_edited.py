"""The checks are replaced by the number of points.

base: untouched
honest: nothing
stock: run
"""
# %% notebook
checks = [cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
for cell in checks:
    cell.source = "1000.0"
