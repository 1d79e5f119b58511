"""A class of the tiny course, and what its students hand in."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tiny_course import REGISTRY, UNIT, tiny_course

from autograder.audit import sample_class
from autograder.audit.sample_class import Student
from autograder.build import notebooks
from autograder.course import Course
from autograder.grading import batch
from autograder.grading.class_folder import Classroom

RIGHT = {"00_double": "def double(x):\n    return 2 * x"}
HALF = {"00_double": "def double(x):\n    return 8"}
QUIET = batch.Plan(quiet=True)


def released(group: Classroom) -> NotebookNode:
    return nbformat.read(group.course.release(UNIT), as_version=4)


def hand_in(group: Classroom, name: str, cells: dict[str, str], written: str = "Because.") -> Path:
    return sample_class.hand_in(
        Student(name, cells, None, written), released(group), group.folder / "submitted", UNIT
    )


@cache
def _pattern() -> Path:
    """The tiny course, built and entered into a gradebook once: making one takes seconds."""
    root = Path(tempfile.mkdtemp(prefix="tiny_"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    course = tiny_course(root)
    notebooks.build(course, [UNIT], run_lectures=False)
    Classroom(course, root / "class.data").register(UNIT)
    return root


def tiny_class(root: Path, db_url: str = "") -> Classroom:
    """A class of the tiny course in ``root``, its gradebook empty."""
    shutil.copytree(_pattern(), root, dirs_exist_ok=True)
    if db_url:
        (root / "class.data" / "gradebook.db").unlink()
    group = Classroom(Course(root, REGISTRY), root / "class.data", db_url)
    group.config.CheckedExecute.warm = (
        False  # this course needs no torch: a cold kernel starts sooner
    )
    return group
