"""Problems that checks ask for by name, and drivers that exercise a learner's class. One file per subject."""

from autograder.problems import gaussian, unit_03, unit_09
from autograder.problems.registry import DRIVERS, PROBLEMS, build

__all__ = ["DRIVERS", "PROBLEMS", "build", "gaussian", "unit_03", "unit_09"]
