"""Problems that checks ask for by name, and drivers that exercise a learner's class. A unit's own are in its folder's ``problems.py``."""

from autograder.problems import gaussian
from autograder.problems.registry import DRIVERS, PROBLEMS, build, load

__all__ = ["DRIVERS", "PROBLEMS", "build", "gaussian", "load"]
