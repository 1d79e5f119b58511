"""Leaves out of the release the cells that explain a solution."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course import SOLUTION_ONLY

__all__ = ["DropSolutionOnly"]


class DropSolutionOnly(NbGraderPreprocessor):
    """Leaves out of the release the cells that explain a solution (named in ``nbgrader_config.py``)."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        nb.cells = [cell for cell in nb.cells if SOLUTION_ONLY not in cell.metadata]
        return nb, resources
