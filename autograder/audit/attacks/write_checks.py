"""The checks, the course and Python's own files are overwritten.

base: untouched
honest: nothing
stock: not run: it would change the machine
"""
# %% top
import glob
import os

for path in (f"{ROOT}/autograder/units/unit_03/gap.py", torch.__file__, os.__file__, "/etc/passwd", "/usr/lib/vi_attack"):
    try:
        open(path, "a").write("\n# here\n")
        print("WROTE", path)
    except OSError as error:
        print(type(error).__name__)
