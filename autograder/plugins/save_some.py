"""Saving the points of some exercises only: what ``--regrade EXERCISE`` puts in the place of nbgrader's ``SaveAutoGrades``."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import SaveAutoGrades
from traitlets import List, Unicode

__all__ = ["SaveSome"]


class SaveSome(SaveAutoGrades):
    """Writes the points of the exercises in ``only``; all others keep what the gradebook holds."""

    only = List(Unicode(), help="ids of the exercises whose points are written").tag(config=True)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, cell_index: int
    ) -> tuple[NotebookNode, Any]:
        if (
            cell.metadata.get("nbgrader", {}).get("grade_id", "").removesuffix("_answer")
            in self.only
        ):
            return super().preprocess_cell(cell, resources, cell_index)
        return cell, resources
