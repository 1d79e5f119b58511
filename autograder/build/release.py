"""What students get: nbgrader generates it, this page adds the two things nbgrader does not do.

It drops the cells that explain a solution, and it looks through the result for anything that should have stayed behind.
Importing nbgrader takes seconds, so nothing but the builder and the grading loop imports this module.
"""

from __future__ import annotations

import logging
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log
from traitlets.config import Config, PyFileConfigLoader

from autograder.course import SOLUTION_ONLY, MasterError

CONFIG_FILE = "nbgrader_config.py"
LOG = logging.getLogger("autograder.nbgrader")
LOG.propagate = False


def load_config(root: Path) -> Config:
    """The course's nbgrader configuration, as the stock commands read it."""
    return PyFileConfigLoader(CONFIG_FILE, path=str(root)).load_config()


def convert(converter: type, config: Config, unit: str, student: str = "*") -> dict[str, Any]:
    """Run one of nbgrader's converters on one unit (and one student), forcing a fresh result.

    Returns nbgrader's own report: ``success``, and ``error`` and ``log`` where there is one. It never raises for what
    goes wrong inside a conversion, so that a caller's loop over students goes on.
    """
    course = CourseDirectory(config=config, assignment_id=unit, student_id=student, log=LOG)
    app = converter(coursedir=course, config=config, log=LOG)
    app.force = True
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # nbgrader's own, about its database: no reader can do anything about them
        return capture_log(app)


def released(unit: str, source: bytes, config: Config) -> bytes:
    """The students' notebook that nbgrader makes of ``source``, in a scratch folder and without a gradebook.

    Byte for byte what ``nbgrader generate_assignment`` writes: only the step that fills the gradebook is left out.
    """
    with tempfile.TemporaryDirectory(prefix="release_") as scratch:
        root = Path(scratch).resolve()
        private = Config(config)
        private.CourseDirectory = Config(config.CourseDirectory)
        private.CourseDirectory.update(root=str(root), db_url="sqlite://")
        private.GenerateAssignment = Config(config.GenerateAssignment)
        steps = [
            step
            for step in config.GenerateAssignment.preprocessors
            if not step.endswith(".SaveCells")
        ]
        private.GenerateAssignment.update(no_database=True, preprocessors=steps)
        master = root / private.CourseDirectory.source_directory / unit / f"{unit}.ipynb"
        master.parent.mkdir(parents=True)
        master.write_bytes(source)
        outcome = convert(GenerateAssignment, private, unit)
        result = root / private.CourseDirectory.release_directory / unit / f"{unit}.ipynb"
        if not outcome["success"] or not result.exists():
            raise MasterError(
                f"nbgrader could not release {unit}:\n{outcome.get('log', '')}{outcome.get('error', '')}"
            )
        return result.read_bytes()


def leaks(source: NotebookNode, release: NotebookNode) -> list[str]:
    """What of the solutions can still be read in the students' notebook, in words; an empty list when nothing can.

    A line of a solution may also stand in code that students are given, a sentence of an explanation also in the text
    around it; a line of a solution in a hint is a leak.
    """
    text = nbformat.writes(release)
    ids = {cell.id for cell in release.cells}
    lines = {line.strip() for cell in release.cells for line in cell.source.splitlines()}
    found = [
        f"the text {mark!r}"
        for mark in ("BEGIN SOLUTION", "END SOLUTION", "MARK SCHEME")
        if mark in text
    ]
    found += [f"an output of cell {cell.id}" for cell in release.cells if cell.get("outputs")]
    for cell in source.cells:
        if SOLUTION_ONLY in cell.metadata and cell.id in ids:
            found.append(f"the cell {cell.id}, which explains {cell.metadata[SOLUTION_ONLY]}")
        given = {
            line.strip()
            for other in source.cells
            if cell.cell_type == "markdown" or other.cell_type == "code"
            for line in _shown(other)
        }
        told = [line for part in _hidden(cell) for line in _telling(part)]
        found += [f"the line {line!r}" for line in told if line in lines and line not in given]
    return sorted(set(found))


def _hidden(cell: NotebookNode) -> list[str]:
    """The parts of a source cell that students must not see: solution bodies, model answers, explanations."""
    written = cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution")
    if written or SOLUTION_ONLY in cell.metadata:
        return [cell.source]
    return re.findall(r"BEGIN SOLUTION[^\n]*\n(.*?)[^\n]*END SOLUTION", cell.source, re.DOTALL)


def _shown(cell: NotebookNode) -> list[str]:
    """The lines of a source cell that students may read."""
    source = cell.source
    for part in _hidden(cell):
        source = source.replace(part, "")
    return [line.strip() for line in source.splitlines()]


def _telling(text: str) -> list[str]:
    """Lines that say something: brackets, blank lines and fences alone give nothing away."""
    return [line.strip() for line in text.splitlines() if len(re.findall(r"\w", line)) > 3]
