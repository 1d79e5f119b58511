"""A name that is not defined: where it would have been made, and so which cell to run first."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

from autograder.units import EXERCISES, Exercise

__all__ = ["made_by_set_up", "missing_name"]

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SET_UP = "_setup"  # how the name of the cell ends that imports what a problem set needs


def missing_name(message: str, exercise: Exercise) -> str:
    """What to do about a ``NameError``, in a sentence."""
    found = re.search(r"name '(\w+)'", message)
    if not found:
        return ""
    name = found[1]
    if name in made_by_set_up(exercise.unit):
        return (
            f"`{name}` comes from the set-up cell at the top of the notebook: "
            "run that cell first, then this one again."
        )
    other = next(
        (
            each
            for each in EXERCISES.values()
            if each.unit == exercise.unit and each.function == name
        ),
        None,
    )
    if other:
        return (
            f'`{name}` is your answer to "{other.title}": run its cell first, then this one again.'
        )
    return (
        f"Nothing here is called `{name}`: is it mistyped, or made in a cell that has not been run?"
    )


@cache
def made_by_set_up(unit: str) -> frozenset[str]:
    """The names that a problem set's set-up cell defines; none where it is not at hand."""
    path = NOTEBOOKS / unit / f"{unit}.ipynb"
    if not path.is_file():
        return frozenset()
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = [
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code"
        and cell["metadata"].get("nbgrader", {}).get("grade_id", "").endswith(SET_UP)
    ]
    return frozenset(name for source in sources for name in _defined(source))


def _defined(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.alias):
            found.add(node.asname or node.name.split(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found
