"""The cases of `tests/cases`: answers written by people who had not seen the checks, with the verdict that is right.

One file per exercise. What stands before its first section is common to all; each section is a whole answer:

    # %% right NAME: a sentence
    # %% wrong NAME: a sentence
    # not told: what a report on this answer must not claim, in the check's own words
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

from autograder.units import EXERCISES

FOLDER = Path(__file__).parent / "cases"
UNPROVEN = FOLDER / "unproven"  # verdicts that rest on their authors' word
SECOND = UNPROVEN / "second"  # those of a later batch, by others
THIRD = UNPROVEN / "third"  # those for the exercises that came after it
FOURTH = UNPROVEN / "fourth"  # and those for units 02, 04 and 07
FIFTH = UNPROVEN / "fifth"  # and those for units 08, 10 and 12
SIXTH = (
    UNPROVEN / "sixth"
)  # and those for units 14, 15 and 17, two late ones of unit 01, and the sealed cases
SEVENTH = UNPROVEN / "seventh"  # and those for units 16, 18 and 19
EIGHTH = UNPROVEN / "eighth"  # and those for all units, when all stood
NINTH = UNPROVEN / "ninth"  # and those for the eight units in which most had been accepted
SECTION = re.compile(r"^# %% (right|wrong) (\w+): (.+)$", re.M)
NOT_TOLD = re.compile(r"^# not told: (.+)$", re.M)


class Case(NamedTuple):
    exercise: str
    right: bool
    name: str
    sentence: str
    not_told: tuple[str, ...]
    source: str

    @property
    def id(self) -> str:
        return f"{self.exercise}-{'right' if self.right else 'wrong'}-{self.name}"

    def answer(self) -> Any:
        """What the learner would hand to the check: the function, or class, that the exercise asks for."""
        return answer(self.exercise, self.source)


def answer(exercise: str, source: str) -> Any:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, f"<{exercise}>", "exec"), namespace)
    return namespace[EXERCISES[exercise].function]


def cases(folder: Path = FOLDER) -> list[Case]:
    """All cases, by exercise, in the order of the files."""
    found = []
    for path in sorted(folder.glob("*.py")):
        head, *rest = SECTION.split(path.read_text("utf-8"))
        for verdict, name, sentence, body in zip(*[iter(rest)] * 4, strict=True):
            told = tuple(NOT_TOLD.findall(body))
            found.append(Case(path.stem, verdict == "right", name, sentence, told, head + body))
    return found
