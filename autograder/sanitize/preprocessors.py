"""The sanitizers as nbgrader knows them: an exporter that reads damaged files, a first step of ``Autograde``, a hook before it.

They are named in ``nbgrader_config.py``, so ``nbgrader autograde``, Formgrader's buttons and ``python -m autograder grade`` all use them.
"""

from __future__ import annotations

import html
import os
import stat
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List, Unicode

from autograder.sanitize.intake import content
from autograder.sanitize.limits import LIMITS
from autograder.sanitize.mend import mend
from autograder.sanitize.restore import Template, from_gradebook, released_cells, restore

__all__ = ["MendingExporter", "RestoreCells", "set_aside", "templates"]

SHOWN = 40
TOLD = "course_vi_repairs"


class MendingExporter(NotebookExporter):
    """nbconvert's notebook exporter, which reads what a student handed in through ``mend``."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> tuple[Any, Any]:
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kw)
        path = Path(filename)
        notebook, notes = mend(content(path, LIMITS.file))
        notebook.metadata["course_vi"] = nbformat.from_dict({"repairs": notes})
        resources = resources or {}
        resources.setdefault("metadata", {}).update(name=path.stem, path=str(path.parent))
        return self.from_notebook_node(notebook, resources=resources, **kw)


class RestoreCells(NbGraderPreprocessor):
    """Restores what nbgrader locked, from the gradebook, and tells in a cell of its own what was repaired."""

    notes = List(Unicode(), help="repairs made before nbgrader saw the notebook").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        told = list(nb.metadata.get("course_vi", {}).get("repairs", []))
        about = resources["nbgrader"]
        course = self.parent.parent.coursedir
        told = [*self.notes, *told, *restore(nb, templates(course, about["assignment"], about["notebook"], about["db_url"]))]
        told = list(dict.fromkeys(told))
        nb.metadata = nbformat.from_dict({"language_info": {"name": "python"}, "course_vi": {"repairs": told}})
        if told:
            shown = told[:SHOWN] + [f"... and {len(told) - SHOWN} more."] * (len(told) > SHOWN)
            lines = "\n".join(f"<li>{html.escape(note)}</li>" for note in shown)
            cell = new_markdown_cell(f"**Before it was graded, this notebook was repaired:**\n\n<ul>\n{lines}\n</ul>")
            cell.id = TOLD
            nb.cells.insert(0, cell)
        return nb, resources


def templates(course: Any, unit: str, notebook: str, db_url: str) -> list[Template]:
    """The cells of a unit as released and as the gradebook has them. ``course`` is nbgrader's ``CourseDirectory``."""
    path = Path(course.format_path(course.release_directory, ".", unit)) / f"{notebook}.ipynb"
    released = released_cells(path) if path.exists() else []
    with Gradebook(db_url, course.course_id) as gradebook:
        return from_gradebook(released, gradebook.find_notebook(notebook, unit))


def set_aside(notebooks: list[str]) -> list[Path]:
    """Move links and special files out of the folders of these notebooks: stock nbgrader would copy what links point to.

    They are kept, untouched, in a folder ``set_aside`` beside ``submitted``. Returns their new places. The notebooks themselves stay, to be
    refused by name when they are read.
    """
    moved = []
    for folder in sorted({Path(notebook).parent for notebook in notebooks}):
        for path in [Path(where) / name for where, folders, files in os.walk(folder) for name in (*folders, *files)]:
            status = path.lstat()
            ordinary = stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1)
            if not ordinary and str(path) not in notebooks:
                place = folder.parents[2] / "set_aside" / folder.parent.name / folder.name / path.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, place)
                moved.append(place)
    return moved
