"""One output of 60 MB, as text and as a picture.

base: solved
honest: all
stock: run
"""
# %% top
from IPython.display import display

display({"text/plain": "x" * 60_000_000}, raw=True)
display({"image/png": "iVBORw0KGgo" + "A" * 40_000_000}, raw=True)
print("y" * 60_000_000)
