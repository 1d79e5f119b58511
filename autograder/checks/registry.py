"""A check is a list of parts, each a pure function of a probe and a random generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from autograder.checks.compare import Finding
from autograder.checks.probe import Probe

__all__ = ["CHECKS", "Check", "Part", "part"]

PartFunction = Callable[[Probe, np.random.Generator], Finding]


@dataclass(frozen=True)
class Part:
    """One question put to an answer.

    Attributes:
        name: what is tested, in words a learner understands.
        weight: its share of the exercise's points.
        run: asks the probe and returns a finding. ``rng`` draws the inputs; it depends on the seed and nothing else.
        read: where the learner can read about it, if not where the exercise says.
    """

    name: str
    weight: float
    run: PartFunction
    read: str = ""


@dataclass
class Check:
    parts: list[Part] = field(default_factory=list)


CHECKS: dict[str, Check] = {}


def part(exercise: str, name: str, weight: float = 1.0, read: str = "") -> Callable[[PartFunction], PartFunction]:
    """Register a function as the next part of an exercise's check.

    ::

        @part("09_gaussian_path_derivative", "Value at fixed noise", weight=1)
        def _(probe, rng):
            return compare(probe.value(...), expected, mistakes=[Mistake("key", "You probably ...", array)])
    """

    def register(function: PartFunction) -> PartFunction:
        CHECKS.setdefault(exercise, Check()).parts.append(Part(name, weight, function, read))
        return function

    return register
