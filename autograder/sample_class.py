"""A class of students made from the corpus of answers, each with the score that the corpus promises.

``autograder/answers/UNIT/EXERCISE/right_*.py`` and ``wrong_*.py`` are the answers of learners. The class has somebody who got
everything right, some who got it right in other idioms, several with one named mistake each, one who warns on every call, one
who handed in the notebook untouched, one whose cell has a syntax error, and one whose code kills its kernel. Nobody here is a
stranger: the sample class is trusted by name, and nothing below isolates it. Isolation is for real submissions.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder import masters
from autograder.notebooks import ROOT, Course

CORPUS = ROOT / "autograder" / "answers"
LEAST = 10
IDIOMS = 3
IDIOMATIC = ("emmy", "sofia", "leonhard")
MISTAKEN = ("kurt", "mary", "ronald", "grace", "thomas", "henri", "karl", "irene", "pierre", "ruth", "harold", "lise")
SYNTAX_ERROR = "def unfinished(:\n    return"
KILLS_ITS_KERNEL = "import os\n\nos._exit(1)"
NOISE = '''

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
'''


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


@dataclass
class Corpus:
    """The answers of one unit, by exercise, and the points that each of them deserves."""

    course: Course
    unit: str
    folder: Path = CORPUS
    check: Callable[[str, Any], Any] | None = None  # autograder.check, unless a test brings its own
    _graded: dict[Path, float] = field(default_factory=dict)

    def exercises(self) -> dict[str, Any]:
        """The unit's exercises that are graded by code."""
        return {name: ex for name, ex in self.course.registry.items() if ex.unit == self.unit and not ex.written}

    def answers(self, exercise: str, kind: str) -> list[Path]:
        """The files ``right_*.py`` or ``wrong_*.py`` of an exercise, in order."""
        return sorted((self.folder / self.unit / exercise).glob(f"{kind}_*.py"))

    def solutions(self) -> dict[str, str]:
        """The model solutions, as they stand in the text master."""
        notebook = masters.read_master(self.course.source(self.unit, ".py").read_text(encoding="utf-8"))
        marked = [(masters.marker_of(cell), cell.source) for cell in notebook.cells]
        return {marker[1]: source for marker, source in marked if marker and marker[0] == "exercise"}

    def points(self, exercise: str, answer: Path) -> float:
        """What an answer deserves: a right one all there is, a wrong one what its check gives it, here and now."""
        full = float(self.course.registry[exercise].points)
        if answer.name.startswith("right_"):
            return full
        if answer not in self._graded:
            check = self.check or importlib.import_module("autograder").check
            scope: dict[str, Any] = {"__name__": "__main__"}
            exec(compile(_text(answer), str(answer), "exec"), scope)
            self._graded[answer] = float(repr(check(exercise, scope[self.course.registry[exercise].function])))
            if self._graded[answer] >= full:
                raise ValueError(f"{answer.name} is called wrong, and {exercise} gives it full marks")
        return self._graded[answer]


def students(corpus: Corpus) -> list[Student]:
    """The class for one unit, at least ten of them."""
    exercises, solutions = corpus.exercises(), corpus.solutions()
    full = {name: float(exercise.points) for name, exercise in exercises.items()}
    rights = {name: corpus.answers(name, "right") for name in exercises}
    wrongs = {name: corpus.answers(name, "wrong") for name in exercises}
    lacking = [name for name in exercises if not rights[name] or not wrongs[name]]
    if lacking:
        raise ValueError(f"the corpus has no right or no wrong answers for {', '.join(lacking)}")
    middle = list(exercises)[len(exercises) // 2]
    first = next(iter(exercises))
    idioms = [{name: _text(files[turn % len(files)]) for name, files in rights.items()} for turn in range(IDIOMS)]

    found = [Student("ada_all_right", solutions, full, "My answer.", "the model solutions")]
    for who, cells in zip(IDIOMATIC, idioms, strict=True):
        found.append(Student(f"{who}_other_idiom", cells, full, "My answer.", "right, written another way"))
    for who, (name, wrong) in zip(MISTAKEN, _mistakes(wrongs), strict=False):
        promised = {**full, name: corpus.points(name, wrong)}
        cells = {**idioms[0], name: _text(wrong)}
        mistake = wrong.stem.removeprefix("wrong_")
        found.append(Student(f"{who}_{mistake}", cells, promised, "My answer.", f"{name}: {diagnosis(wrong)}"))
    noisy = {name: text + NOISE.format(function=exercises[name].function) for name, text in solutions.items()}
    broken = {**solutions, middle: SYNTAX_ERROR}
    killed = {**solutions, first: KILLS_ITS_KERNEL}
    return [
        *found,
        Student("wanda_warns_a_lot", noisy, full, "My answer.", "right, with warnings and messages on stderr"),
        Student("otto_syntax_error", broken, {**full, middle: 0.0}, "My answer.", f"{middle}: a cell that is no Python"),
        Student("noel_handed_in_untouched", {}, dict.fromkeys(full, 0.0), "", "the notebook as it was released"),
        Student("zoe_kills_her_kernel", killed, None, "My answer.", "cannot be graded; the batch must go on"),
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


def diagnosis(answer: Path) -> str:
    """The diagnosis that a wrong answer names in the first line of its docstring."""
    docstring = ast.get_docstring(ast.parse(_text(answer))) or ""
    return docstring.splitlines()[0].removeprefix("diagnosis:").strip() if docstring else answer.stem


def _mistakes(wrongs: Mapping[str, list[Path]]) -> list[tuple[str, Path]]:
    """One mistake for each exercise, of another kind each time; a second round where that leaves the class small."""
    rounds = max(1, -(-(LEAST - IDIOMS - 5) // len(wrongs)))
    return [
        (name, files[(place + turn) % len(files)])
        for turn in range(rounds)
        for place, (name, files) in enumerate(wrongs.items())
    ]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
