"""All that a grading process imports, for the server that they are forked from (``autograder.workers``). It has one thread, and keeps it.

Checks run in one thread everywhere: sums come out the same on every machine, and workers do not crowd each other.
"""

import gc
import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import nbconvert.exporters
import nbgrader.converters
import nbgrader.preprocessors
import torch

torch.set_num_threads(1)  # before any operation: a pool of threads would not survive the fork

import autograder.checks  # noqa: E402
import autograder.driver  # noqa: E402
import autograder.execute  # noqa: E402
import autograder.late  # noqa: E402
import autograder.sanitize.pages  # noqa: E402
import autograder.sanitize.preprocessors  # noqa: E402

__all__ = ["MODULES"]

MODULES = (nbconvert.exporters, nbgrader.converters, nbgrader.preprocessors, autograder)

gc.collect()
gc.freeze()
