"""What commands that work on a class have in common: its folder, and the unit that is meant."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.course import CLASS, this_course
from autograder.grading.class_folder import Classroom, open_class

__all__ = ["class_option", "unit_and_class", "unit_option"]


def unit_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("unit", help="the beginning of a unit's name")


def class_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--class", dest="folder", type=Path, default=CLASS, help="the folder of the class"
    )


def unit_and_class(options: argparse.Namespace) -> tuple[str, Classroom]:
    """The unit that was named, and the class in the folder that was."""
    course = this_course()
    (unit,) = course.units([options.unit])
    return unit, open_class(course, options.folder.resolve())
