"""``python -m autograder handback``: grades and feedback pages for Moodle or Canvas in one go, with what would change there.

    python -m autograder handback 03 --moodle worksheet.csv            as they are
    python -m autograder handback 03 --canvas gradebook.csv --scale    as shares of the platform's maximum

It writes ``handback/UNIT/``: ``grades.csv`` and ``feedback.zip`` to upload, ``changes.csv`` to read before. Who waits for a mark by hand
gets neither grade nor page until it is given; ``--waiting`` hands back what there is.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

from autograder.commands.of_class import class_option, unit_option
from autograder.course import this_course
from autograder.grading import handback, lms
from autograder.grading.class_folder import open_class
from autograder.grading.export import tame, write_csv
from autograder.grading.groups import read_groups
from autograder.grading.late import settle
from autograder.intake.names import printable

__all__ = ["main", "told"]


def told(written: lms.Written) -> str:
    """What a file would change in the platform, in lines."""
    kinds = Counter(change.kind for change in written.changes)
    words = {"new": "new", "changed": "changed", "same": "as they are", "none": "without a grade"}
    lines = [f"{written.path}: " + ", ".join(f"{kinds[kind]} {says}" for kind, says in words.items())]  # fmt: skip
    lines += [
        f"  {printable(change.student)}: {printable(change.before)} -> {change.after}"
        for change in written.changes
        if change.kind == "changed"
    ][:20]
    reasons: dict[str, list[str]] = {}
    for change in written.changes:
        if change.kind == "none":
            reasons.setdefault(change.reason or "no grade", []).append(printable(change.student))
    lines += [f"{why}: {len(who)}: {', '.join(who[:10])}{' ...' * (len(who) > 10)}" for why, who in reasons.items()]  # fmt: skip
    if written.absent:
        lines.append(f"GRADED, AND NOT IN THE PLATFORM'S FILE: {', '.join(map(printable, written.absent))}")  # fmt: skip
    if written.theirs is not None and abs(written.theirs - written.most) > 1e-9:
        lines.append(
            f"scaled from {written.most:g} to the platform's {written.theirs:g}"
            if written.scaled
            else f"THE PLATFORM'S MAXIMUM IS {written.theirs:g}, OURS IS {written.most:g}: {written.most:g} points would count as "
            f"{written.most:g} of {written.theirs:g}. Change it there, or use --scale."
        )
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """The command line described above; 1 when somebody's grade or page cannot go back."""
    parser = argparse.ArgumentParser("python -m autograder handback", description="hand grades and pages back")  # fmt: skip
    unit_option(parser)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--canvas", type=Path, metavar="CSV", help="the gradebook that Canvas exports")  # fmt: skip
    which.add_argument("--moodle", type=Path, metavar="CSV", help="the assignment's grading worksheet")  # fmt: skip
    parser.add_argument("--title", default="", help="how the assignment is called there")
    parser.add_argument("--scale", action="store_true", help="write shares of the platform's maximum")  # fmt: skip
    parser.add_argument("--groups", type=Path, metavar="CSV", help="IDs of those who hand in together")  # fmt: skip
    parser.add_argument("--waiting", action="store_true", help="hand back also who waits for a mark by hand")  # fmt: skip
    class_option(parser)
    options = parser.parse_args(argv)
    course = this_course()
    (unit,) = course.units([options.unit])
    kind = "canvas" if options.canvas else "moodle"
    try:
        group = open_class(course, options.folder.resolve())
        settle(group, unit)
        folder = group.folder / "handback" / unit
        groups = read_groups(options.groups) if options.groups else []
        write = lms.canvas if options.canvas else lms.moodle
        theirs, staged = options.canvas or options.moodle, folder / ".grades.csv"
        written = write(group, unit, staged, theirs, options.title, options.scale, options.waiting, groups)  # fmt: skip
        if written.absent and not any(change.after or change.reason for change in written.changes):
            staged.unlink()
            raise ValueError(f"nobody who was graded is in {theirs}; is it of this class, and of {kind.title()}?")  # fmt: skip
        written = replace(written, path=staged.replace(folder / "grades.csv"))
    except (ValueError, OSError) as error:
        print(f"nothing was written: {printable(str(error), 2_000)}")
        return 1
    troubles = handback.fresh_pages(group, unit)
    back = [
        change.student
        for change in written.changes
        if change.after or change.reason.startswith("not graded")
    ]
    left_out = handback.feedback_zip(group, unit, kind, folder / "feedback.zip", back)
    rows = [
        [tame(change.student), change.kind, change.before, change.after, tame(change.reason)]
        for change in written.changes
    ]
    write_csv(folder / "changes.csv", [["student", "change", "there", "ours", "reason"], *rows])
    print(told(written))
    print(f"{folder / 'feedback.zip'}: {len(back) - len(left_out)} pages")
    if left_out:
        print(f"no page goes back to {', '.join(map(printable, left_out))}: hand it over yourself")
    for student, why in troubles.items():
        print(f"{printable(student)}: the page could not be written anew: {why}")
    return int(bool(written.absent or left_out or troubles))
