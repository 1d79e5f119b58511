"""Tables of lecture 13 that were computed beforehand, by ``benchmarks/lecture_13.py``, because they take too long for a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["PATH", "stored_table"]

PATH = Path(__file__).with_name("lecture_13.json")


def stored_table(name: str) -> dict[str, dict[str, dict[str, Any]]]:
    """``{steps: {way: {"test": one number for each seed, "seconds": of processor time, ...}}}``.

    Args:
        name: ``"arena"``, ``"again"`` or ``"collapse"``.

    Raises:
        ValueError: no table of that name.
    """
    stored = json.loads(PATH.read_text("utf-8"))
    tables = [key for key, value in stored.items() if isinstance(value, dict)]
    if name not in tables:
        raise ValueError(f"name is {name!r}; expected one of {', '.join(sorted(tables))}")
    table: dict[str, dict[str, dict[str, Any]]] = stored[name]
    return table
