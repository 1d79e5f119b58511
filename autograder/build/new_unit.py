"""A unit laid out anew, and what is still missing of one, in words.

``lay_out`` writes a lecture, a problem set and a folder that run from the start; what an author has
yet to write says so. ``missing`` lists, for any unit, every part that is not there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from autograder.build import masters
from autograder.course import Course, MasterError

__all__ = ["RIGHT", "WRONG", "lay_out", "missing"]

TEMPLATES = Path(__file__).parent / "templates"
NAME = re.compile(r"\d\d_[a-z][a-z0-9_]*")
MARK = "TO WRITE"
HEADINGS = ("Common mistakes", "What to remember", "Further reading")
RIGHT, WRONG = 3, 5  # answers of each exercise's corpus, at least


def lay_out(course: Course, unit: str) -> list[Path]:
    """Write the files of a new unit.

    Raises:
        MasterError: it is no name for a unit, or something of it is there already.
    """
    if not NAME.fullmatch(unit):
        raise MasterError(f"unit is {unit!r}; expected two digits and a name, such as 02_evidence")
    number, name = unit[:2], unit[3:].replace("_", " ")
    folder = course.root / "autograder" / "units" / f"unit_{number}"
    files = {
        course.lecture(unit, ".py"): "lecture",
        course.source(unit, ".py"): "problem_set",
        folder / "__init__.py": "unit",
        folder / "first.py": "first",
        folder / "written.py": "written",
        folder / "answers" / "first.py": "answers",
    }
    there = [path for path in (folder, *files) if path.exists()]
    if there:
        raise MasterError(f"{there[0].relative_to(course.root)} is there already")
    for path, template in files.items():
        text = (TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        for field, value in {"unit": unit, "number": number, "title": name.capitalize()}.items():
            text = text.replace(f"{{{field}}}", value)
        path.write_text(text, encoding="utf-8")
    return list(files)


def missing(course: Course, unit: str, answers: Iterable[tuple[str, bool]]) -> list[str]:
    """What a unit still lacks, a sentence each; an empty list when it is whole.

    Args:
        answers: of the corpus: the exercise, and whether the answer is right.
    """
    folder = course.root / "autograder" / "units" / f"unit_{unit[:2]}"
    exercises = [exercise for exercise in course.registry.values() if exercise.unit == unit]
    found = [] if exercises else [f"{unit}: no exercise; python -m autograder new lays one out"]
    for path, what in (
        (course.lecture(unit, ".py"), "lecture"),
        (course.source(unit, ".py"), "problem set"),
    ):
        if not path.exists():
            found.append(f"{unit}: there is no {what}, {path.relative_to(course.root)}")
    for path in (
        course.lecture(unit, ".py"),
        course.source(unit, ".py"),
        *sorted(folder.rglob("*.py")),
    ):
        marks = path.read_text(encoding="utf-8").count(MARK) if path.exists() else 0
        if marks:
            found.append(f"{path.relative_to(course.root)}: {marks} places say {MARK!r}")
    if course.lecture(unit, ".py").exists():
        text = course.lecture(unit, ".py").read_text(encoding="utf-8")
        found += [
            f"{unit}: its lecture has no heading {head!r}" for head in HEADINGS if head not in text
        ]
    if course.source(unit, ".py").exists():
        text = course.source(unit, ".py").read_text(encoding="utf-8")
        found += masters.structure(masters.read_master(text), unit, course.registry)
    counts = Counter(answers)
    for exercise in exercises:
        if exercise.written:
            continue
        for right, least, word in ((True, RIGHT, "right"), (False, WRONG, "wrong")):
            have = counts[(exercise.id, right)]
            if have < least:
                found.append(f"{exercise.id}: {have} {word} answers in its corpus, of {least}")
    if not (folder / "nulls.json").exists():
        found.append(f"{unit}: no simulated nulls; run python -m autograder calibrate {unit[:2]}")
    if not any((folder / "dictionaries").glob("*.json")):
        found.append(f"{unit}: no dictionaries; run python -m autograder dictionary {unit[:2]}")
    return found
