"""The solved exercise lends its check to an unsolved one: their grade ids are exchanged.

base: solved
honest: all
stock: run
"""
# %% notebook
checks = [cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")]
first, second = checks[0].metadata.nbgrader, checks[1].metadata.nbgrader
first["grade_id"], second["grade_id"] = second["grade_id"], first["grade_id"]
checks[0].source, checks[1].source = checks[1].source, checks[0].source
