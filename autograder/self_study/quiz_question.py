"""A question of the quiz: numbers drawn afresh, an answer that is computed, and the mistakes that are known by their value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Drawn", "Mistake", "QuizQuestion", "Verdict", "judge"]

RELATIVE = 0.01  # two digits are enough
LEAST = 0.006  # and a number rounded to two decimals is right


@dataclass(frozen=True)
class Mistake:
    """A wrong way with a value of its own.

    Attributes:
        value: what it leads to.
        hint: what it is, in a sentence.
    """

    value: float
    hint: str


@dataclass(frozen=True)
class Drawn:
    """A question with its numbers.

    Attributes:
        text: in Markdown.
        answer: computed from the same numbers.
        mistakes: those that are known, the likeliest first.
        within: how far from it is right; 0 for the default, see ``tolerance``.
    """

    text: str
    answer: float
    mistakes: tuple[Mistake, ...]
    within: float = 0.0

    @property
    def tolerance(self) -> float:
        """What is allowed; by default one per cent of the answer, and at least what rounding to two decimals does."""
        return self.within or max(RELATIVE * abs(self.answer), LEAST)


@dataclass(frozen=True)
class QuizQuestion:
    """A question for one unit.

    Attributes:
        unit: its number.
        topic: what it asks about, as a noun.
        draw: makes the numbers, and the answer from them.
    """

    unit: int
    topic: str
    draw: Callable[[np.random.Generator], Drawn]

    @property
    def name(self) -> str:
        """By which it is kept.

        >>> QuizQuestion(3, "a gap", lambda rng: Drawn("", 0.0, ())).name
        '03_quiz'
        """
        return f"{self.unit:02d}_quiz"

    def with_seed(self, seed: int) -> Drawn:
        """The question with numbers of this seed, others for each unit."""
        return self.draw(np.random.default_rng([seed, self.unit]))


@dataclass(frozen=True)
class Verdict:
    """What is said of an answer.

    Attributes:
        right: whether it is the computed number, up to rounding.
        hint: the name of a wrong one, if it is known.
    """

    right: bool
    hint: str = ""


def judge(drawn: Drawn, value: float) -> Verdict:
    """Whether a number is the answer; if not, the mistake that leads to it. A number near two mistakes is given no name.

    >>> judge(Drawn("", 2.0, (Mistake(4.0, "You forgot the half."),)), 4.001)
    Verdict(right=False, hint='You forgot the half.')
    """
    if abs(value - drawn.answer) <= drawn.tolerance:
        return Verdict(True)
    near = {each.hint for each in drawn.mistakes if abs(value - each.value) <= drawn.tolerance}
    return Verdict(False, near.pop() if len(near) == 1 else "")
