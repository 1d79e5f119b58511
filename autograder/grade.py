"""The instructor's loop: release, grade, write feedback, export, and print the gradebook::

    python -m autograder grade 03                      the class in autograder/class.data/submitted, unit 03
    python -m autograder grade 03 --workers 4          four submissions at a time
    python -m autograder grade 03 --cluster tcp://...  on the workers of a Dask scheduler
    python -m autograder grade 03 --regrade 03_gap     write the points of one exercise anew, and no others
    python -m autograder grade --sample                a class made from the corpus, with the scores it promises (`make grade`)

What is graded already is not graded again, unless the submission or the checks have changed, or with ``--force``; so a run that was
killed is resumed by starting it anew. The sample class lives in ``autograder/class.data/sample`` with its own gradebook; a real class is
never touched by it.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat

from autograder import classroom, driver, export, notebooks, submissions
from autograder.classroom import CLASS, STEPS, open_class
from autograder.corpus import Answer
from autograder.notebooks import Course
from autograder.rows import Row, short
from autograder.sample_class import Student, hand_in, students

__all__ = ["CLASS", "Class", "Row", "open_class", "sample", "table"]

class Class(classroom.Class):
    """A class with the whole loop in two calls."""

    def grade(self, unit: str, workers: int = 1) -> list[Row]:
        """Grade every submission of a unit, ``workers`` at a time, and write the feedback pages."""
        return driver.run(self, unit, driver.Plan(workers=workers))

    def export(self) -> Path:
        """Write ``grades.csv``: nbgrader's columns for all units graded so far, and why there is no grade where there is none."""
        return export.plain(self, self.csv)


def sample(
    course: Course,
    unit: str,
    folder: Path,
    answers: Sequence[Answer] | None = None,
    check: Callable[[str, Any], Any] | None = None,
) -> tuple[Class, list[Student]]:
    """Make the sample class of a unit anew: its students hand in, nothing is graded yet. See ``sample_class.students``."""
    group = Class(course, folder, trusted=True)  # by name: it is made of files of this repository
    for step in STEPS:
        for old in [*(folder / step).glob(f"*/{unit}"), folder / step / unit]:
            shutil.rmtree(old, ignore_errors=True)
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
    lines = [["student", *numbers, "total"], ["(points)", *map(short, exercises.values()), short(sum(exercises.values()))]]
    if members:
        lines[0] += ["promised", "ok", "  what they did"]
        lines[1] += ["", "", ""]
        rows = sorted(rows, key=lambda row: list(known).index(row.student))
    for row in rows:
        marks = [short(row.points.get(name)) for name in exercises]
        line = [row.student, *(["-"] * len(marks) if row.failure else marks), "-" if row.failure else short(row.total)]
        if members:
            student = known[row.student]
            wanted = "-" if student.promised is None else short(sum(student.promised.values()))
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


def main(argv: list[str]) -> int:
    """The command line described above; 0 when every score is what was promised, and every submission was graded."""
    parser = argparse.ArgumentParser("python -m autograder grade", description="grade a class")
    parser.add_argument("units", nargs="*", metavar="UNIT", help="the beginning of a unit's name; all if none is named")
    parser.add_argument("--sample", action="store_true", help="make a class from the corpus and grade that")
    parser.add_argument("--workers", "--jobs", type=int, default=min(os.cpu_count() or 1, 4), help="submissions at a time")
    parser.add_argument("--cluster", default="", metavar="ADDRESS", help="grade on the workers of this Dask scheduler, tcp://HOST:PORT")
    parser.add_argument("--regrade", action="append", default=[], metavar="EXERCISE", help="write the points of this exercise only")
    parser.add_argument("--force", action="store_true", help="grade again what is graded already")
    parser.add_argument("--db", default="", metavar="URL", help="another gradebook, such as postgresql+psycopg2://USER@HOST/NAME")
    parser.add_argument("--class", dest="folder", type=Path, default=CLASS, help="the folder of the class")
    parser.add_argument("--i-trust-these-submissions", dest="trusted", action="store_true",
                        help="run them even where no jail protects this machine; every grade will say so")
    options = parser.parse_args(argv)
    course = notebooks.this_course()
    units = [unit for unit in course.units(options.units) if course.source(unit, ".py").exists()]
    unknown = [name for name in options.regrade if name not in course.registry]
    if unknown:
        parser.error(f"there is no exercise {unknown[0]!r}; there are {', '.join(course.registry)}")
    if options.regrade:
        units = [unit for unit in units if any(course.registry[name].unit == unit for name in options.regrade)]
    stale = [line for line in notebooks.stale(course, units) if not line.startswith("lectures")]
    if stale:
        print("\n".join(stale), "run `make notebooks` first", sep="\n")
        return 1
    failures = 0
    folder = CLASS / "sample" if options.sample else options.folder.resolve()
    for unit in units:
        members: list[Student] | None = None
        group: classroom.Class
        if options.sample:
            group, members = sample(course, unit, folder)
        else:
            group = open_class(course, folder, options.db, options.trusted)
        if lost := submissions.loose(group.home):
            print(f"in submitted/, but in no student's folder: {', '.join(lost)}")
        only = tuple(name for name in options.regrade if course.registry[name].unit == unit)
        plan = driver.Plan(options.workers, options.cluster, only, options.force)
        try:
            rows = driver.run(group, unit, plan)
        except (BlockingIOError, RuntimeError) as error:
            print(f"{unit}: another run is grading it; let it finish" if isinstance(error, BlockingIOError) else error)
            return 1
        print(f"\n{unit}\n" + table(course, unit, rows, members))
        wanted = {student.name: student.promised for student in members or []}
        for row in rows:
            if row.failure:
                print(f"{row.student}: {row.failure}")
            problems = row.differs(wanted[row.student]) if members else [row.failure] * bool(row.failure)
            failures += bool(problems)
            for problem in problems if members else ():
                print(f"{row.student}: {problem}")
        export.plain(group, group.csv)
    print("\nby hand: a person marks it, in Formgrader, by the scheme in solutions/")
    print(f"feedback pages: {folder / 'feedback'}\ngrades:         {folder / 'grades.csv'}\nlog:            {folder / 'logs'}")
    return 1 if failures else 0
