"""What one part of a check finds, and the mistakes that it knows by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.efficiency import Efficiency

__all__ = ["UNNAMED", "Finding", "Mistake"]

UNNAMED = {
    "",
    "value",
    "shape",
    "type",
    "biased",
    "not_finite",
    "not_zero",
    "property",
    "no_spread",
    "too_noisy",
    "too_quiet",
    "unreadable",
    "unwritten",
    "not_counted",
    "variance",
    "described",
    "either",
    "autopsy",
    "dictionary",
}  # they say what came, and no cause


class Mistake(NamedTuple):
    """A mistake we expect, and what it would return: recognised when the answer agrees with ``value``.

    Attributes:
        key: its name in the corpus (``diagnosis: key``).
        hint: a sentence to the learner: what was probably done, and what to do instead.
        value: the array that this mistake produces, or a function of the answer that says whether it looks like it. An array is better:
            a function that agrees with numbers drawn at random as well is asked last, after everything that is exact.
    """

    key: str
    hint: str
    value: Any


@dataclass(frozen=True)
class Finding:
    """The outcome of one part of a check.

    Attributes:
        share: of the part's points that it earns although it is not ok.
        efficiency: of the estimator, where it was measured.

    The fields from ``got`` on are never shown: ``autograder.checks.diagnose`` reads them after the part, and drops them.

        got, want: the arrays that were compared; ``want`` is None where there is no single right one.
        columns: named arrays of the shape of ``got``, made only when they are asked for; ``autograder.checks.autopsy`` adds them up.
        rests_on: distinct numbers on which the name rests; None where the check decided by itself.
        loose: the name comes from a function that says yes to numbers drawn at random, too.
        unnamed: key and sentence in case the name is withdrawn.
        alike: other results are asked to be the same numbers, so that the place where these stand proves no order.
    """

    ok: bool
    expected: str = ""
    actual: str = ""
    diagnosis: str = ""
    hint: str = ""
    share: float = 0.0
    efficiency: Efficiency | None = None
    got: Any = field(default=None, repr=False, compare=False)
    want: Any = field(default=None, repr=False, compare=False)
    columns: Callable[[], dict[str, np.ndarray]] | None = field(
        default=None, repr=False, compare=False
    )
    rests_on: tuple[float, ...] | None = field(default=None, repr=False, compare=False)
    loose: bool = field(default=False, repr=False, compare=False)
    unnamed: tuple[str, str] = field(default=("", ""), repr=False, compare=False)
    alike: bool = field(default=False, repr=False, compare=False)
