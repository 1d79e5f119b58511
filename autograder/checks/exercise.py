"""An exercise: what is asked, for how many points, what the closed book blanks, and the parts of its check."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np

from autograder.checks.finding import Finding
from autograder.checks.probe import Probe

__all__ = ["Exercise", "Part", "PartFunction", "exercise", "unit"]

PartFunction = Callable[[Probe, np.random.Generator], Finding]


@dataclass(frozen=True)
class Part:
    """One question put to an answer.

    Attributes:
        name: what is tested, in words a learner understands.
        weight: its share of the exercise's points.
        run: asks the probe and returns a finding. ``rng`` draws the inputs; it depends on the seed and nothing else.
        read: where the learner can read about it, if not where the exercise says.
        needs: the parts, by their functions' names, without which this one counts for nothing: where zero is right, or a mean is
            that of noise, an answer that is right nowhere else has not earned it.
    """

    name: str
    weight: float
    run: PartFunction
    read: str = ""
    needs: tuple[str, ...] = ()


@dataclass
class Exercise:
    """One graded exercise.

    Attributes:
        id: the unit's number and the file's name; the grade_id of its check in the notebook.
        title: what the report calls it.
        points: full marks.
        function: the name that the learner defines; empty for a question that is answered in words.
        difficulty, importance: from 1 to 5.
        minutes: a guess at the time it takes.
        read: where to read about it.
        hides: what the closed book blanks, ``"module:function"`` or ``"module:Class.method"`` of ``course_vi``.
        hides_nothing_because: why ``hides`` is empty, if it is.
        sealed: draws a case (``checks.sealed.Opened``), if the exercise is to tell sealed things apart.
        unit: the name of the lecture and the problem set.
        parts: its check, in order.
    """

    id: str
    title: str
    points: float
    function: str
    difficulty: int
    importance: int
    minutes: int
    read: str
    hides: list[str]
    hides_nothing_because: str = ""
    sealed: Callable[[np.random.Generator], Any] | None = None
    unit: str = ""
    parts: list[Part] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The unit's number, such as ``"09"``."""
        return self.id[:2]

    @property
    def written(self) -> bool:
        """Answered in words, and marked by a person."""
        return not self.function

    def part(
        self, name: str, weight: float = 1.0, read: str = "", needs: Sequence[str] = ()
    ) -> Callable[[PartFunction], PartFunction]:
        """Make a function the next part of the check.

        ::

            @EXERCISE.part("The value at fixed noise", weight=2)
            def value(probe, rng):
                return compare(probe.value(...), expected, mistakes=[Mistake("key", "You probably ...", array)])
        """

        def register(function: PartFunction) -> PartFunction:
            if function.__name__ in {"_", *(part.run.__name__ for part in self.parts)}:
                raise ValueError(
                    f"a part of {self.id} is called {function.__name__!r}; expected a name of its own that says what it tests"
                )
            self.parts.append(Part(name, weight, function, read, tuple(needs)))
            return function

        return register


def exercise(
    module: str,
    *,
    title: str,
    function: str,
    points: float,
    difficulty: int,
    importance: int,
    minutes: int,
    read: str,
    hides: Sequence[str],
    because: str = "",
) -> Exercise:
    """The exercise of a file, ``EXERCISE = exercise(__name__, ...)``: its id is the unit's number and the file's name.

    Args:
        hides: see ``Exercise``; an empty one takes ``because``, the reason in a sentence.
    """
    place = re.fullmatch(r"(?:.*\.)?unit_(\d\d)\.(\w+)", module)
    if place is None:
        raise ValueError(
            f"module is {module!r}; expected a file of a unit, such as autograder.units.unit_09.landing_variances"
        )
    name = f"{place[1]}_{place[2]}"
    if bool(hides) == bool(because):
        raise ValueError(
            f"{name} hides {list(hides)} because {because!r}; expected something to hide, or the reason why nothing is hidden"
        )
    return Exercise(
        name, title, points, function, difficulty, importance, minutes, read, list(hides), because
    )


def unit(folder: str, *modules: ModuleType) -> list[Exercise]:
    """The exercises of a unit, from their files, in the order in which they are asked.

    Args:
        folder: the name of its lecture and problem set, such as ``"09_sticking_the_landing"``.
    """
    found: list[Exercise] = []
    for module in modules:
        one: Exercise = module.EXERCISE
        if one.number != folder[:2] or one in found:
            raise ValueError(f"{one.id} stands in unit {folder}, or stands there twice")
        if one.written == bool(one.parts):
            raise ValueError(
                f"{one.id} has {len(one.parts)} parts; expected some for a function, and none for a question in words"
            )
        known = {part.run.__name__ for part in one.parts}
        for part in one.parts:
            if lost := set(part.needs) - known:
                raise ValueError(
                    f"{part.name!r} of {one.id} needs {sorted(lost)}; expected functions of its other parts, {sorted(known)}"
                )
        one.unit, one.read = folder, f"lectures/{folder}, {one.read}"
        one.parts = [
            replace(part, read=f"lectures/{folder}, {part.read}") if part.read else part
            for part in one.parts
        ]
        found.append(one)
    return found
