"""A transparent sheet over the page that Formgrader would bind as 'Full credit' of every exercise.

base: untouched
honest: nothing
stock: run
"""
# %% notebook
from nbformat.v4 import new_markdown_cell

names = [c.metadata.nbgrader.grade_id for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade")]
boxes = "".join(f'<b id="{n}"></b>' for n in names)
nb.cells.insert(1, new_markdown_cell(
    f'<div class="nbgrader_cell">{boxes}<div class="full-credit modal-backdrop fade"></div></div>'))
