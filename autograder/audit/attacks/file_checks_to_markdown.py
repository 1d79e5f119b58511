"""The checks are turned into text.

base: untouched
honest: nothing
stock: run
"""
# %% notebook
checks = [cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
for cell in checks:
    cell.cell_type = "markdown"
    cell.pop("outputs", None)
    cell.pop("execution_count", None)
