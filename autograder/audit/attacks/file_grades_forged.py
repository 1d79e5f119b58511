"""The notebook claims to have been graded.

base: untouched
honest: nothing
stock: run
"""
# %% notebook
checks = [cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
nb.metadata["course_vi"] = {"level": "namespaces", "points": {"03_gap": 1000.0}, "seeds": {}, "repairs": []}
nb.metadata["nbgrader"] = {"score": 1000}
