"""What a stored lecture keeps folded: answers before they are asked for, and the words of figures."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

import nbformat
from nbformat import NotebookNode

__all__ = ["ANSWER", "QUESTION", "figures_apart", "fold"]

QUESTION = re.compile(r"(?m)^> \*\*Predict (\d+)\.\*\*")
ANSWER = re.compile(r"<summary>Answer to Predict (\d+)")
SHOWING = ("show", "show_moving")
SILENT = (
    ast.FunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
    ast.Assert,
)


def fold(notebook: NotebookNode) -> None:
    """Store a lecture so that it does not give itself away: JupyterLab unfolds what is run.

    Outputs between a prediction (``> **Predict 3.**``) and its answer are hidden. So is the source of cells that do nothing but show a
    figure, whose words say what is in it, or reveal what was asked.
    """
    asked = False
    for cell in notebook.cells:
        if cell.cell_type != "code":
            questions = [
                (found.start(), kind)
                for kind, pattern in enumerate((ANSWER, QUESTION))
                for found in pattern.finditer(cell.source)
            ]
            asked = bool(max(questions)[1]) if questions else asked
            continue
        tree = ast.parse(re.sub(r"(?m)^\s*%.*$", "", cell.source))
        only = _only_call(tree)
        hidden = {}
        if only in (*SHOWING, "reveal"):
            hidden["source_hidden"] = True
        if asked and only != "predict" and not all(isinstance(n, SILENT) for n in tree.body):
            hidden["outputs_hidden"] = True
        if hidden:
            cell.metadata["jupyter"] = hidden


def figures_apart(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    """The cells of a lecture, what shows a figure in a cell of its own."""
    return [part for cell in cells for part in _figure_apart(cell)]


def _figure_apart(cell: NotebookNode) -> list[NotebookNode]:
    """A cell that computes and then shows a figure, as two: the words that say what is in the figure can then be folded away."""
    if cell.cell_type != "code":
        return [cell]
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:  # a line for IPython
        return [cell]
    if len(body) < 2 or _only_call(ast.Module(body[-1:], [])) not in SHOWING:
        return [cell]
    lines, first = cell.source.splitlines(), body[-1].lineno - 1
    if (body[-2].end_lineno or 0) > first:
        return [cell]
    show = nbformat.v4.new_code_cell("\n".join(lines[first:]), metadata=dict(cell.metadata))
    cell.source = "\n".join(lines[:first]).rstrip()
    return [cell, show]


def _only_call(tree: ast.Module) -> str:
    """The name of the function, where a cell is one call of one."""
    body = tree.body
    if len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Call):
        function = body[0].value.func
        return function.id if isinstance(function, ast.Name) else ""
    return ""
