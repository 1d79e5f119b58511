"""A class of students made from the corpus of answers, each with the score that the corpus promises.

The answers of the corpus are those of learners. The class has somebody who got
everything right, some who got it right in other idioms, several with one named mistake each, one who warns on every call, one
who handed in the notebook untouched, one whose cell has a syntax error, and one whose code kills its kernel. Nobody here is a
stranger: the sample class is trusted by name, so that it is graded also where a machine cannot hold the jail.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.audit.corpus import Answer, corpus
from autograder.build import masters
from autograder.checking import check as this_check
from autograder.course import Course
from autograder.grading.class_folder import STEPS, Classroom

LEAST = 10
LOOKS = 6  # how often a wrong answer is checked before its points are promised
IDIOMS = 3
IDIOMATIC = ("emmy", "sofia", "leonhard")
MISTAKEN = (
    "kurt",
    "mary",
    "ronald",
    "grace",
    "thomas",
    "henri",
    "karl",
    "irene",
    "pierre",
    "ruth",
    "harold",
    "lise",
)
SYNTAX_ERROR = "def unfinished(:\n    return"
KILLS_ITS_KERNEL = "import os\n\nos._exit(1)"
NOISE = """

def _noisy(quiet):
    import functools, sys, warnings

    if isinstance(quiet, type):
        return quiet

    @functools.wraps(quiet)
    def loud(*args, **kwargs):
        warnings.warn("I was told to warn", stacklevel=2)
        print("working on it", file=sys.stderr)
        return quiet(*args, **kwargs)

    return loud


{function} = _noisy({function})
"""


@dataclass(frozen=True)
class Student:
    """One submission: the text of each solution cell (an exercise left out is left untouched) and the points it must get.

    ``promised`` is None for a submission that cannot be graded at all.
    """

    name: str
    cells: Mapping[str, str]
    promised: Mapping[str, float] | None
    written: str = ""
    story: str = ""


def students(
    course: Course,
    unit: str,
    answers: Sequence[Answer] | None = None,
    check: Callable[[str, Any], Any] | None = None,
) -> list[Student]:
    """The class for one unit, at least ten of them.

    Args:
        answers: what the class is made from; the unit's corpus by default.
        check: what decides how many points a wrong answer deserves; ``this_check`` by default.
    """
    answers = corpus(unit) if answers is None else answers
    exercises = {
        name: ex for name, ex in course.registry.items() if ex.unit == unit and not ex.written
    }
    full = {name: float(exercise.points) for name, exercise in exercises.items()}
    rights = {
        name: [answer for answer in answers if answer.exercise == name and answer.right]
        for name in exercises
    }
    wrongs = {
        name: [answer for answer in answers if answer.exercise == name and not answer.right]
        for name in exercises
    }
    lacking = [name for name in exercises if not rights[name] or not wrongs[name]]
    if lacking:
        raise ValueError(f"the corpus has no right or no wrong answers for {', '.join(lacking)}")
    solutions = _solutions(course, unit)
    idioms = [
        {name: these[turn % len(these)].source for name, these in rights.items()}
        for turn in range(IDIOMS)
    ]

    found = [Student("ada_all_right", solutions, full, "My answer.", "the model solutions")]
    for who, cells in zip(IDIOMATIC, idioms, strict=True):
        found.append(
            Student(f"{who}_other_idiom", cells, full, "My answer.", "right, written another way")
        )
    for who, picked in zip(MISTAKEN, _mistakes(wrongs), strict=False):
        name = picked.exercise
        wrong, points = _steady(picked, wrongs[name], full[name], check or this_check)
        promised = {**full, name: points}
        cells = {**idioms[0], name: wrong.source}
        mistake = wrong.short.removeprefix("wrong_")
        found.append(
            Student(f"{who}_{mistake}", cells, promised, "My answer.", f"{name}: {wrong.diagnosis}")
        )
    last, middle = (
        list(exercises)[-1],
        list(exercises)[len(exercises) // 2],
    )  # nothing builds on the last one
    noisy = {
        name: text + NOISE.format(function=exercises[name].function)
        for name, text in solutions.items()
    }
    broken = {**solutions, middle: SYNTAX_ERROR}
    killed = {**solutions, last: KILLS_ITS_KERNEL}
    return [
        *found,
        Student(
            "wanda_warns_a_lot",
            noisy,
            full,
            "My answer.",
            "right, with warnings and messages on stderr",
        ),
        Student(
            "otto_syntax_error",
            broken,
            {**full, middle: 0.0},
            "My answer.",
            f"{middle}: a cell that is no Python",
        ),
        Student(
            "noel_handed_in_untouched",
            {},
            dict.fromkeys(full, 0.0),
            "",
            "the notebook as it was released",
        ),
        Student(
            "zoe_kills_her_kernel",
            killed,
            {**full, last: 0.0},
            "My answer.",
            f"{last}: a cell that ends the kernel",
        ),
    ]


def hand_in(student: Student, release: NotebookNode, folder: Path, unit: str) -> Path:
    """Write the student's submission into ``folder``: the released notebook, its solution cells filled."""
    notebook = nbformat.from_dict(release)
    for cell in notebook.cells:
        grader = cell.metadata.get("nbgrader", {})
        name = grader.get("grade_id", "").removesuffix("_answer")
        if grader.get("solution") and cell.cell_type == "code" and name in student.cells:
            cell.source = student.cells[name].rstrip("\n")
        elif grader.get("solution") and cell.cell_type == "markdown" and student.written:
            cell.source = student.written
    path = folder / student.name / unit / f"{unit}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(masters.dumps(notebook))
    return path


def _solutions(course: Course, unit: str) -> dict[str, str]:
    """The model solutions, as they stand in the text master."""
    notebook = masters.read_master(course.source(unit, ".py").read_text(encoding="utf-8"))
    marked = [(masters.marker_of(cell), cell.source) for cell in notebook.cells]
    return {marker[1]: source for marker, source in marked if marker and marker[0] == "exercise"}


def _points(wrong: Answer, full: float, check: Callable[[str, Any], Any]) -> float:
    """What a wrong answer deserves: the points that its check gives it, here and now."""
    points = float(repr(check(wrong.exercise, wrong.load())))
    if points >= full:
        raise ValueError(f"{wrong.name} is called wrong, and {wrong.exercise} gives it full marks")
    return points


def _steady(
    picked: Answer, these: list[Answer], full: float, check: Callable[[str, Any], Any]
) -> tuple[Answer, float]:
    """The picked answer or, where its partial credit depends on the inputs, so that nothing can be promised, one after it."""
    place = these.index(picked)
    for answer in [*these[place:], *these[:place]]:
        points = {_points(answer, full, check) for _ in range(LOOKS)}
        if len(points) == 1:
            return answer, points.pop()
    raise ValueError(
        f"the points of every wrong answer to {picked.exercise} depend on the inputs; expected one that is steady"
    )


def _mistakes(wrongs: Mapping[str, list[Answer]]) -> list[Answer]:
    """One mistake for each exercise, of another kind each time; a second round where that leaves the class small."""
    rounds = max(1, -(-(LEAST - IDIOMS - 5) // len(wrongs)))
    each = list(wrongs.values())
    return [
        these[(place + turn) % len(these)]
        for turn in range(rounds)
        for place, these in enumerate(each)
    ]


def sample(
    course: Course,
    unit: str,
    folder: Path,
    answers: Sequence[Answer] | None = None,
    check: Callable[[str, Any], Any] | None = None,
) -> tuple[Classroom, list[Student]]:
    """Make the sample class of a unit anew: its students hand in, nothing is graded yet. See ``sample_class.students``."""
    group = Classroom(
        course, folder, trusted=True
    )  # by name: it is made of files of this repository
    for step in STEPS:
        for old in [*(folder / step).glob(f"*/{unit}"), folder / step / unit]:
            shutil.rmtree(old, ignore_errors=True)
    released = nbformat.read(course.release(unit), as_version=4)
    members = students(course, unit, answers, check)
    for student in members:
        hand_in(student, released, folder / "submitted", unit)
    return group, members
