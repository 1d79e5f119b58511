"""The corpus of answers: what proves that the checks are fair and that they see.

``answers/UNIT/EXERCISE/right_*.py`` are right, each in another idiom; ``wrong_*.py`` are mistakes that people make, and the first
line of their docstring names the diagnosis they should get.
"""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.exercises import EXERCISES

__all__ = ["ANSWERS", "Answer", "corpus"]

ANSWERS = Path(__file__).parent.parent / "answers"


@dataclass(frozen=True)
class Answer:
    """One answer to one exercise.

    Attributes:
        diagnosis: the key that its report must hold; empty for a right answer.
    """

    exercise: str
    path: Path
    right: bool
    diagnosis: str

    @property
    def name(self) -> str:
        return f"{self.exercise}/{self.path.stem}"

    def load(self) -> Any:
        """Run the file as a learner's cell, and return the object that the exercise asks for."""
        source = self.path.read_text(encoding="utf-8")
        linecache.cache[str(self.path)] = (len(source), None, source.splitlines(keepends=True), str(self.path))
        namespace: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(source, str(self.path), "exec"), namespace)
        function = EXERCISES[self.exercise].function
        if function not in namespace:
            raise ValueError(f"{self.path} does not define {function}")
        return namespace[function]


def corpus(unit: str | None = None) -> list[Answer]:
    """All answers, or those of one unit, in the order of the registry."""
    found = []
    for exercise in EXERCISES.values():
        if exercise.written or (unit and exercise.unit != unit):
            continue
        for path in sorted((ANSWERS / exercise.unit / exercise.id).glob("*.py")):
            right = path.stem.startswith("right_")
            if not right and not path.stem.startswith("wrong_"):
                raise ValueError(f"{path} is called {path.name}; expected right_*.py or wrong_*.py")
            found.append(Answer(exercise.id, path, right, "" if right else _diagnosis(path)))
    return found


def _diagnosis(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = docstring.splitlines()[0] if docstring else ""
    if not first.startswith("diagnosis: "):
        raise ValueError(f"{path} begins with {first!r}; expected a docstring whose first line is 'diagnosis: key'")
    return first.removeprefix("diagnosis: ").strip()
