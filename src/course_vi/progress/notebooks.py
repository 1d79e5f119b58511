"""Stored notebooks, read as they are: a learner's copy may be missing, damaged or of another make, and is then empty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["cells_of", "grade_id", "source_of", "statement_id"]


def cells_of(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook; none where it is missing or damaged.

    >>> cells_of(Path("no such file"))
    []
    """
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []


def source_of(cell: dict[str, Any]) -> str:
    """The text of a cell, which nbformat stores as a string or as lines.

    >>> source_of({"source": ["a\\n", "b"]}), source_of({})
    ('a\\nb', '')
    """
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(map(str, source))


def grade_id(cell: dict[str, Any]) -> str:
    """The name that nbgrader knows a cell by; empty where it has none.

    >>> grade_id({"metadata": {"nbgrader": {"grade_id": "03_gap"}}}), grade_id({})
    ('03_gap', '')
    """
    return str(cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", ""))


def statement_id(path: Path, exercise: str) -> str:
    """The id of the cell that states an exercise: the last one with a difficulty above its check; empty where there is none.

    >>> statement_id(Path("no such file"), "03_gap")
    ''
    """
    stated = ""
    for cell in cells_of(path):
        source = source_of(cell)
        if cell.get("cell_type") == "markdown" and "*Difficulty*" in source:
            stated = str(cell.get("id", ""))
        elif source.startswith((f'check("{exercise}"', f"check('{exercise}'")):
            return stated
    return ""
