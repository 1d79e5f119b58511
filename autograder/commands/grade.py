"""The instructor's loop: release, grade, write feedback, export, and print the gradebook::

    python -m autograder grade 03                      the class in autograder/class.data/submitted, unit 03
    python -m autograder grade 03 --workers 4          four submissions at a time
    python -m autograder grade 03 --cluster tcp://...  on the workers of a Dask scheduler
    python -m autograder grade 03 --regrade 03_gap     write the points of one exercise anew, and no others
    python -m autograder grade --sample 03             a class made from the corpus, with the scores it promises (`make grade`)

What is graded already is not graded again, unless the submission or the checks have changed, or with ``--force``; so a run that was
killed is resumed by starting it anew. The sample class lives in ``autograder/class.data/sample`` with its own gradebook; a real class is
never touched by it.
"""

from __future__ import annotations

import argparse
import os

from autograder.audit.sample_class import Student, sample
from autograder.build import notebooks
from autograder.commands.of_class import class_option
from autograder.course import CLASS, this_course
from autograder.grading import batch, export
from autograder.grading.class_folder import Classroom, open_class
from autograder.intake import submissions
from autograder.intake.names import printable
from autograder.reports.gradebook_table import table

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above; 0 when every score is what was promised, and every submission was graded."""
    parser = argparse.ArgumentParser("python -m autograder grade", description="grade a class")
    parser.add_argument(
        "units",
        nargs="*",
        metavar="UNIT",
        help="the beginning of a unit's name; all if none is named",
    )
    parser.add_argument(
        "--sample", action="store_true", help="make a class from the corpus and grade that"
    )
    parser.add_argument(
        "--workers",
        "--jobs",
        type=int,
        default=min(os.cpu_count() or 1, 4),
        help="submissions at a time",
    )
    parser.add_argument(
        "--cluster",
        default="",
        metavar="ADDRESS",
        help="grade on the workers of this Dask scheduler, tcp://HOST:PORT",
    )
    parser.add_argument(
        "--regrade",
        action="append",
        default=[],
        metavar="EXERCISE",
        help="write the points of this exercise only",
    )
    parser.add_argument("--force", action="store_true", help="grade again what is graded already")
    parser.add_argument(
        "--db",
        default="",
        metavar="URL",
        help="another gradebook, such as postgresql+psycopg2://USER@HOST/NAME",
    )
    class_option(parser)
    parser.add_argument(
        "--i-trust-these-submissions",
        dest="trusted",
        action="store_true",
        help="run them even where no jail protects this machine; every grade will say so",
    )
    options = parser.parse_args(argv)
    course = this_course()
    units = [unit for unit in course.units(options.units) if course.source(unit, ".py").exists()]
    unknown = [name for name in options.regrade if name not in course.registry]
    if unknown:
        parser.error(f"there is no exercise {unknown[0]!r}; there are {', '.join(course.registry)}")
    if options.regrade:
        units = [
            unit
            for unit in units
            if any(course.registry[name].unit == unit for name in options.regrade)
        ]
    stale = [line for line in notebooks.stale(course, units) if not line.startswith("lectures")]
    if stale:
        print("\n".join(stale), "run `make notebooks` first", sep="\n")
        return 1
    failures = 0
    folder = CLASS / "sample" if options.sample else options.folder.resolve()
    for unit in units:
        members: list[Student] | None = None
        group: Classroom
        if options.sample:
            group, members = sample(course, unit, folder)
        else:
            group = open_class(course, folder, options.db, options.trusted)
        if lost := submissions.loose(group.home):
            print(f"in submitted/, but in no student's folder: {', '.join(map(printable, lost))}")
        only = tuple(name for name in options.regrade if course.registry[name].unit == unit)
        plan = batch.Plan(options.workers, options.cluster, only, options.force)
        try:
            rows = batch.run(group, unit, plan)
        except (BlockingIOError, RuntimeError) as error:
            print(
                f"{unit}: another run is grading it; let it finish"
                if isinstance(error, BlockingIOError)
                else error
            )
            return 1
        print(f"\n{unit}\n" + table(course, unit, rows, members))
        wanted = {student.name: student.promised for student in members or []}
        for row in rows:
            if row.failure:
                print(f"{row.student}: {row.failure}")
            problems = (
                row.differs(wanted[row.student]) if members else [row.failure] * bool(row.failure)
            )
            failures += bool(problems)
            for problem in problems if members else ():
                print(f"{row.student}: {problem}")
        export.plain(group, group.csv)
    print("\nby hand: a person marks it, `python -m autograder mark`, by the scheme in solutions/")
    print(
        f"feedback pages: {folder / 'feedback'}\ngrades:         {folder / 'grades.csv'}\nlog:            {folder / 'logs'}"
    )
    return 1 if failures else 0
