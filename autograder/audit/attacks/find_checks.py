"""The checks are imported and asked for their references.

base: untouched
honest: nothing
stock: run
"""
# %% last
try:
    import autograder.checks as checks
    from autograder.checking import run_check
except Exception as error:
    print("not there:", error)
else:
    print("FOUND THE CHECKS", checks.CHECKS)
