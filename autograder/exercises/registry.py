"""What an exercise is, and how a unit registers its own."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EXERCISES", "Exercise", "unit"]


@dataclass(frozen=True)
class Exercise:
    """One graded exercise.

    Attributes:
        id: begins with the unit's number; the grade_id of its check in the notebook.
        unit: the folder's name.
        title: what the report calls it.
        points: full marks.
        function: the name that the learner defines.
        difficulty, importance: from 1 to 5.
        minutes: a guess at the time it takes.
        read: where to read about it.
        written: answered in words, marked by a person.
    """

    id: str
    unit: str
    title: str
    points: float
    function: str
    difficulty: int
    importance: int
    minutes: int
    read: str
    written: bool = False


EXERCISES: dict[str, Exercise] = {}


def unit(folder: str, *rows: tuple[str, str, float, str, int, int, int, str]) -> None:
    """Register the exercises of a unit: (name, title, points, function, difficulty, importance, minutes, where to read).

    The exercise's id is the unit's number, an underscore and the name; one without a function is answered in words.
    """
    for name, title, points, function, difficulty, importance, minutes, read in rows:
        key = f"{folder[:2]}_{name}"
        if key in EXERCISES:
            raise ValueError(f"exercise {key!r} is registered twice")
        place = f"lectures/{folder}, {read}"
        EXERCISES[key] = Exercise(key, folder, title, points, function, difficulty, importance, minutes, place, not function)
