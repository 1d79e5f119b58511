"""What a unit declares about its mutants: how alike right answers are, why a survivor may live.

It stands in ``units/unit_NN/mutants.toml``

::

    [09_landing_variances]
    chance = 40       # draws: where right answers differ, their distributions are compared

    [06_implicit_gamma]
    accuracy = 0.01   # how far right answers may lie apart that are approximations

    [06_score_wins]
    open_ended = "Any function is right for which the score wins."   # right ones may all differ

    [11_train_recognizer.training]
    train_recognizer = { out = 0.15 }     # driver: result = how far right answers may lie apart

    [[11_train_recognizer.survivor]]
    operator = "constant"
    what = "0.05 -> 0.1, in *"            # as the command prints it; * stands for anything
    why = "Another learning rate, and it still arrives: a right answer."

An exercise that declares nothing is judged exactly.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.audit.mutants.mutant import Mutant

__all__ = ["Argument", "Declaration", "declaration"]


@dataclass(frozen=True)
class Argument:
    """Mutants that may live (of any answer unless one is named), and one sentence why."""

    operator: str
    what: str
    why: str
    answer: str = ""

    def fits(self, mutant: Mutant) -> bool:
        pattern = (
            ".*".join(re.escape(piece) for piece in self.what.split("*"))
            if "*" in self.what
            else re.escape(self.what)
        )
        return (
            mutant.operator == self.operator
            and self.answer in ("", mutant.answer)
            and re.fullmatch(pattern, mutant.what, re.DOTALL) is not None
        )


@dataclass(frozen=True)
class Declaration:
    """What one exercise declares.

    Attributes:
        chance: how many draws to compare where right answers differ by chance; none if 0.
        open_ended: why right answers need not be alike at all: whatever has a property is right.
        accuracy: of right answers that are approximations, relative; as exact as a check if 0.
        training: driver to result to tolerance, for what is learned.
    """

    chance: int = 0
    open_ended: str = ""
    accuracy: float = 0.0
    training: dict[str, dict[str, float]] = field(default_factory=dict)
    survivors: tuple[Argument, ...] = ()

    @property
    def exact(self) -> bool:
        """Chance has no part in whether two answers are alike."""
        return not self.chance and not self.training

    @property
    def target(self) -> float:
        """The least share of living mutants that the check must kill."""
        return 0.98 if self.exact else 0.90

    def why(self, mutant: Mutant) -> str:
        """The argument for letting this mutant live, or nothing."""
        return next((argument.why for argument in self.survivors if argument.fits(mutant)), "")

    def idle(self, mutants: Iterable[Mutant]) -> list[Argument]:
        """Arguments that fit none of these mutants: an answer or operator has changed."""
        pool = list(mutants)
        return [
            argument
            for argument in self.survivors
            if not any(argument.fits(mutant) for mutant in pool)
        ]


def declaration(path: Path, exercise: str) -> Declaration:
    """What the file of a unit says of an exercise; nothing if there is no such file."""
    row: dict[str, Any] = (
        tomllib.loads(path.read_text("utf-8")).get(exercise, {}) if path.exists() else {}
    )
    unknown = set(row) - {"accuracy", "chance", "open_ended", "training", "survivor"}
    if unknown:
        raise ValueError(
            f"{path.name}, {exercise}: {', '.join(sorted(unknown))}; "
            "expected accuracy, chance, open_ended, training, survivor"
        )
    survivors = tuple(Argument(**entry) for entry in row.get("survivor", []))
    for argument in survivors:
        if len(argument.why.split()) < 4:
            raise ValueError(
                f"{path.name}, {exercise}: {argument.what!r} needs a sentence that says why"
            )
    given = {
        name: row[name] for name in ("accuracy", "chance", "open_ended", "training") if name in row
    }
    return Declaration(**given, survivors=survivors)
