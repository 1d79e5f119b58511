"""What runs beside a learner's code: requests and replies as bytes, the agent that answers, and the named problems.

All of it is copied into the jail, with the problems of one unit. It never decides anything.
"""

from autograder.protocol import gaussian_problems

__all__ = ["gaussian_problems"]
