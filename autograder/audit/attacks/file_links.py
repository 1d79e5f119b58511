"""Links beside the notebook point at files of the grader.

base: untouched
honest: nothing
stock: run
"""
# %% notebook
checks = [cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
import os
for name, target in (("passwd.csv", "/etc/passwd"), ("book.csv", GRADEBOOK), ("loop", "."), ("solutions", ROOT + "/solutions")):
    os.symlink(target, folder / name)
