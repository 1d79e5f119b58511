"""All that a grading process imports, for the server that they are forked from (``grading.workers``). It has one thread, and keeps it.

Checks run in one thread everywhere: sums come out the same on every machine, and workers do not crowd each other.
"""

import gc
import importlib
import os

__all__ = ["MODULES"]

MODULES = (
    "scipy.stats", "nbconvert.exporters", "nbgrader.converters", "nbgrader.preprocessors", "autograder.units",
    "autograder.grading.batch", "autograder.grading.late", "autograder.plugins.checked_execute",
    "autograder.plugins.pages", "autograder.plugins.repairing_exporter", "autograder.plugins.restore_cells",
)  # fmt: skip

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
importlib.import_module("torch").set_num_threads(
    1
)  # before any operation: a pool of threads would not survive the fork
for name in MODULES:
    importlib.import_module(name)
gc.collect()
gc.freeze()
