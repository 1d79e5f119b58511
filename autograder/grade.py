"""The instructor's loop: release, grade, write feedback, export, and print the gradebook::

    python -m autograder grade 03           the class in autograder/class.data/submitted, unit 03
    python -m autograder grade --sample     a class made from the corpus, with the scores the corpus promises (`make grade`)

Each student is graded by a call of its own, so that one submission which cannot be graded does not stop the others. The
sample class lives in ``autograder/class.data/sample`` with its own gradebook; a real class is never touched by it.

Submissions run in ordinary kernels, with the rights of whoever runs this, and nothing isolates them: the sample class is
trusted by name. Do not grade strangers' notebooks with it outside a machine that you can afford to lose.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat

from autograder import notebooks
from autograder.corpus import Answer
from autograder.masters import MasterError
from autograder.notebooks import ROOT, Course
from autograder.sample_class import Student, hand_in, students

CLASS = ROOT / "autograder" / "class.data"
STEPS = ("submitted", "autograded", "feedback", "solution", "source_with_tests", "release")


@dataclass
class Row:
    """One line of the gradebook: points by exercise (None where a person must mark), or why there are none."""

    student: str
    points: dict[str, float | None] = field(default_factory=dict)
    failure: str = ""

    @property
    def total(self) -> float:
        return sum(points for points in self.points.values() if points is not None)

    def differs(self, promised: Mapping[str, float] | None) -> list[str]:
        """Where the scores are not what was promised, in words."""
        if promised is None or self.failure:
            return [] if promised is None and self.failure else [self.failure or "graded, though it kills its kernel"]
        return [
            f"{name}: {_short(self.points.get(name))} instead of {_short(wanted)}"
            for name, wanted in promised.items()
            if self.points.get(name) is None or abs((self.points[name] or 0.0) - wanted) > 1e-9
        ]


@dataclass
class Class:
    """A class: the folder with its submissions, gradebook, feedback pages and CSV."""

    course: Course
    folder: Path

    def __post_init__(self) -> None:
        from autograder import release

        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = release.load_config(ROOT)
        self.config.CourseDirectory.root = str(self.course.root)
        for step in STEPS:
            where = (self.folder / step).relative_to(self.course.root).as_posix()
            setattr(self.config.CourseDirectory, f"{step}_directory", where)
        self.config.CourseDirectory.db_url = f"sqlite:///{(self.folder / 'gradebook.db').as_posix()}"

    @property
    def csv(self) -> Path:
        return self.folder / "grades.csv"

    def submitted(self, unit: str) -> list[str]:
        return sorted(path.parent.parent.name for path in self.folder.glob(f"submitted/*/{unit}/{unit}.ipynb"))

    def grade(self, unit: str, workers: int = 1) -> list[Row]:
        """Grade every submission of a unit, ``workers`` at a time, and write the feedback pages."""
        from nbgrader.converters import GenerateAssignment
        from tqdm import tqdm

        from autograder.release import convert

        assigned = convert(GenerateAssignment, self.config, unit)
        if not assigned["success"]:
            raise MasterError(f"nbgrader could not release {unit}:\n{assigned.get('log', '')}")
        names = self.submitted(unit)
        if workers <= 1:
            return [self.grade_one(unit, name) for name in tqdm(names, desc=f"grading {unit}", unit="student")]
        # Processes of their own, not forks: torch and kernel clients run threads. Each opens course and gradebook anew.
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            rows = pool.map(partial(_in_worker, self.course, self.folder, unit), names)
            return list(tqdm(rows, total=len(names), desc=f"grading {unit}", unit="student"))

    def grade_one(self, unit: str, student: str) -> Row:
        """Grade one submission and write its feedback page. What goes wrong with it is told in the row, and logged."""
        from nbgrader.converters import Autograde, GenerateFeedback

        from autograder.release import convert

        done = convert(Autograde, self.config, unit, student)
        points = self._points(unit, student) if done["success"] else {}
        if done["success"]:
            done = convert(GenerateFeedback, self.config, unit, student)
        if done["success"]:
            return Row(student, points)
        log = self.folder / "logs" / unit / f"{student}.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.get("log", "") + done.get("error", ""), encoding="utf-8")
        return Row(student, failure=_reason(log.read_text(encoding="utf-8")))

    def export(self) -> Path:
        """Write nbgrader's CSV of all units graded so far."""
        from nbgrader.api import Gradebook
        from nbgrader.plugins import CsvExportPlugin

        with Gradebook(self.config.CourseDirectory.db_url, self.config.CourseDirectory.course_id) as gradebook:
            plugin = CsvExportPlugin()
            plugin.to = str(self.csv)
            plugin.export(gradebook)
        return self.csv

    def _points(self, unit: str, student: str) -> dict[str, float | None]:
        from nbgrader.api import Gradebook

        with Gradebook(self.config.CourseDirectory.db_url, self.config.CourseDirectory.course_id) as gradebook:
            grades = gradebook.find_submission_notebook(unit, unit, student).grades
            return {grade.name: None if grade.needs_manual_grade else float(grade.score) for grade in grades}


def _in_worker(course: Course, folder: Path, unit: str, student: str) -> Row:
    return Class(course, folder).grade_one(unit, student)


def sample(
    course: Course,
    unit: str,
    folder: Path,
    answers: Sequence[Answer] | None = None,
    check: Callable[[str, Any], Any] | None = None,
) -> tuple[Class, list[Student]]:
    """Make the sample class of a unit anew: its students hand in, nothing is graded yet. See ``sample_class.students``."""
    group = Class(course, folder)
    for step in STEPS:
        for old in (folder / step).glob(f"*/{unit}"):
            shutil.rmtree(old)
    released = nbformat.read(course.release(unit), as_version=4)
    members = students(course, unit, answers, check)
    for student in members:
        hand_in(student, released, folder / "submitted", unit)
    return group, members


def table(course: Course, unit: str, rows: list[Row], members: list[Student] | None = None) -> str:
    """The gradebook as text; with ``members`` also what was promised, whether it came out so, and what they did."""
    exercises = {name: float(ex.points) for name, ex in course.registry.items() if ex.unit == unit}
    known = {student.name: student for student in members or []}
    numbers = [str(number) for number in range(1, len(exercises) + 1)]
    lines = [["student", *numbers, "total"], ["(points)", *map(_short, exercises.values()), _short(sum(exercises.values()))]]
    if members:
        lines[0] += ["promised", "ok", "  what they did"]
        lines[1] += ["", "", ""]
        rows = sorted(rows, key=lambda row: list(known).index(row.student))
    for row in rows:
        marks = [_short(row.points.get(name)) for name in exercises]
        line = [row.student, *(["-"] * len(marks) if row.failure else marks), "-" if row.failure else _short(row.total)]
        if members:
            student = known[row.student]
            wanted = "-" if student.promised is None else _short(sum(student.promised.values()))
            line += [wanted, "NO" if row.differs(student.promised) else "ok", f"  {student.story}"]
        lines.append(line)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(2, ["-" * width for width in widths])
    left = (0, len(numbers) + 4)
    text = [
        "  ".join(cell.ljust(width) if at in left else cell.rjust(width) for at, (cell, width) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]
    legend = [f"{number}  {course.registry[name].title} ({name})" for number, name in zip(numbers, exercises, strict=True)]
    return "\n".join(line.rstrip() for line in [*text, "", *legend])


def _short(points: float | None) -> str:
    return "by hand" if points is None else f"{points:.4g}"


def _reason(log: str) -> str:
    """Why a submission could not be graded, in a line: the last error that nbgrader logged."""
    names = [line.strip() for line in log.splitlines() if "Error" in line and not line.startswith("[")]
    return f"not graded: {names[-1][:100]}" if names else "not graded: nbgrader gave no reason"


def main(argv: list[str]) -> int:
    """The command line described above; 0 when every score is what was promised, and every submission was graded."""
    parser = argparse.ArgumentParser("python -m autograder grade", description="grade a class")
    parser.add_argument("units", nargs="*", metavar="UNIT", help="the beginning of a unit's name; all if none is named")
    parser.add_argument("--sample", action="store_true", help="make a class from the corpus and grade that")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4), help="submissions at a time")
    options = parser.parse_args(argv)
    course = notebooks.this_course()
    units = [unit for unit in course.units(options.units) if course.source(unit, ".py").exists()]
    stale = [line for line in notebooks.stale(course, units) if not line.startswith("lectures")]
    if stale:
        print("\n".join(stale), "run `make notebooks` first", sep="\n")
        return 1
    failures = 0
    folder = CLASS / "sample" if options.sample else CLASS
    if options.sample:
        os.environ["COURSE_VI_SMOKE"] = "1"  # figures beside the exercises are not marked: train them briefly
    for unit in units:
        members: list[Student] | None = None
        if options.sample:
            group, members = sample(course, unit, folder)
        else:
            group = Class(course, folder)
        rows = group.grade(unit, options.jobs)
        print(f"\n{unit}\n" + table(course, unit, rows, members))
        wanted = {student.name: student.promised for student in members or []}
        for row in rows:
            if row.failure:
                print(f"{row.student}: {row.failure}")
            problems = row.differs(wanted[row.student]) if members else [row.failure] * bool(row.failure)
            failures += bool(problems)
            for problem in problems:
                print(f"{row.student}: {problem}")
        group.export()
    print("\nby hand: a person marks it, in Formgrader, by the scheme in solutions/")
    print(f"feedback pages: {folder / 'feedback'}\ngrades:         {folder / 'grades.csv'}")
    return 1 if failures else 0
