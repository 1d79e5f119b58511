"""The first step of ``Autograde``: what nbgrader locked is put back, and what was repaired is told in a cell of its own."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List, Unicode

from autograder.intake.repair import is_damaged
from autograder.intake.restore import restore
from autograder.intake.template import Template, from_gradebook, released_cells

__all__ = ["RestoreCells", "templates"]

SHOWN = 40
TOLD = "course_vi_repairs"


class RestoreCells(NbGraderPreprocessor):
    """Restores what nbgrader locked, from the gradebook, and tells in a cell of its own what was repaired."""

    notes = List(Unicode(), help="repairs made before nbgrader saw the notebook").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        told = list(nb.metadata.get("course_vi", {}).get("repairs", []))
        about = resources["nbgrader"]
        course = self.parent.parent.coursedir
        told = [
            *self.notes,
            *told,
            *restore(
                nb,
                templates(course, about["assignment"], about["notebook"], about["db_url"]),
                damaged=is_damaged(told),
            ),
        ]
        told = list(dict.fromkeys(told))
        nb.metadata = nbformat.from_dict(
            {"language_info": {"name": "python"}, "course_vi": {"repairs": told}}
        )
        if told:
            shown = told[:SHOWN] + [f"... and {len(told) - SHOWN} more."] * (len(told) > SHOWN)
            lines = "\n".join(f"<li>{html.escape(note)}</li>" for note in shown)
            cell = new_markdown_cell(
                f"**Before it was graded, this notebook was repaired:**\n\n<ul>\n{lines}\n</ul>"
            )
            cell.id = TOLD
            nb.cells.insert(0, cell)
        return nb, resources


def templates(course: Any, unit: str, notebook: str, db_url: str) -> list[Template]:
    """The cells of a unit as released and as the gradebook has them. ``course`` is nbgrader's ``CourseDirectory``."""
    path = Path(course.format_path(course.release_directory, ".", unit)) / f"{notebook}.ipynb"
    released = released_cells(path) if path.exists() else []
    with Gradebook(db_url, course.course_id) as gradebook:
        return from_gradebook(released, gradebook.find_notebook(notebook, unit))
