"""TO WRITE: what this exercise asks."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import Finding, compare
from autograder.checks.exercise import exercise
from autograder.checks.probe import Probe

EXERCISE = exercise(
    __name__,
    title="TO WRITE: the first exercise",
    function="first",
    points=1,
    difficulty=1,
    importance=1,
    minutes=5,
    read="TO WRITE: the first section",
    hides=[],
    because="TO WRITE: why nothing of course_vi is the answer",
)


@EXERCISE.part("TO WRITE: what is tested, in words a learner understands")
def first_values(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(3, 2))
    return compare(probe.value(x), x, what="the value")
