"""Other students' submissions are overwritten.

base: untouched
honest: nothing
stock: not run: it would overwrite what lies around it
"""
# %% top
import glob

for path in glob.glob(f"{CLASS}/**/*.ipynb", recursive=True) + glob.glob("../../**/*.ipynb", recursive=True):
    if "write_neighbours" not in path:
        try:
            open(path, "w").write("{}")
            print("WROTE", path)
        except OSError as error:
            print(type(error).__name__)
