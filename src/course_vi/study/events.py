"""What a study records: each statement of a report, with the functions that gave its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_vi.study.table import Table

__all__ = [
    "Agreement",
    "Arm",
    "Comparison",
    "Event",
    "Given",
    "Measured",
    "Rest",
    "Run",
    "Unsound",
]

Arm = Callable[[Table, int], Any]
Run = Callable[[Table, int, int], Any]


class Unsound(AssertionError):
    """A statement that its own numbers do not bear out, or that is not stated as the form asks."""


@dataclass(kw_only=True, repr=False)
class Event:
    """One statement.

    Attributes:
        name: what a paragraph calls it, in square brackets.
        sentence: as it stands in the text.
        numbers: every number that a text may quote of it.
        holds: whether it may stand.
        printed: the line that was printed for it.
    """

    name: str
    sentence: str = ""
    numbers: dict[str, float] = field(default_factory=dict)
    holds: bool = True
    printed: str = ""

    def __repr__(self) -> str:
        """Its numbers, as a text may quote them."""
        numbers = "".join(f"\n  {name}: {value:.6g}" for name, value in self.numbers.items())
        return f"{type(self).__name__} [{self.name}]{numbers}"


@dataclass(kw_only=True, repr=False)
class Given(Event):
    """A number that was chosen, not measured: steps, a size, a level."""


@dataclass(kw_only=True, repr=False)
class Measured(Event):
    """Numbers that describe the training data, without chance: a mean, a share."""

    measure: Callable[[Table], Any]


@dataclass(kw_only=True, repr=False)
class Comparison(Event):
    """The first of two arms gives more than the second.

    Attributes:
        arms: two functions of data and seed.
        seeds: one pair of runs each.
        limit: standard errors that the difference needs.
        anyway: why the claim should hold with outcomes shuffled, too; empty where it should not.
        values: by arm, one number a seed.
    """

    arms: Mapping[str, Arm]
    seeds: Sequence[int]
    limit: float
    anyway: str
    values: dict[str, list[float]] = field(default_factory=dict)


@dataclass(kw_only=True, repr=False)
class Agreement(Event):
    """Two numbers are equal within a tolerance, and a named wrong one is not."""

    arms: Mapping[str, Arm]
    wrong: Arm
    within: float
    seeds: Sequence[int]
    values: dict[str, list[float]] = field(default_factory=dict)


@dataclass(kw_only=True, repr=False)
class Rest(Event):
    """Twice the steps change a score by less than a tolerance.

    Attributes:
        run: data, seed, steps -> score.
        serves: the comparisons whose runs it is about.
        starts: the scores after one step.
    """

    run: Run
    steps: int
    within: float
    seeds: Sequence[int]
    serves: tuple[str, ...]
    values: dict[str, list[float]] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
