"""Scripts in the text cells of the notebook.

base: solved
honest: all
stock: run
"""
# %% notebook
checks = [cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
from nbformat.v4 import new_markdown_cell

nb.cells.append(new_markdown_cell("<script>alert('vi')</script> <img src=x onerror=alert('vi')> [x](javascript:alert('vi'))"))
