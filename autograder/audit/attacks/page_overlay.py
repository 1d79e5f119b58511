"""A transparent link lies over the whole page, by Bootstrap's class names.

base: solved
honest: all
stock: run
"""
# %% notebook
from nbformat.v4 import new_markdown_cell

nb.cells.insert(1, new_markdown_cell('<a class="modal-backdrop fade" href="https://evil.example/login">x</a>'))
