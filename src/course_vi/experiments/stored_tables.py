"""Tables of lectures 12 and 13 that were computed beforehand, by ``benchmarks/``, because they take too long for a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["PATH", "stored_table"]

PATH = Path(__file__).with_name("lecture_13.json")  # the tables of a unit lie in a file of its own
Table = dict[str, dict[str, dict[str, Any]]]


def stored_table(name: str) -> Table:
    """``{steps: {way: {"test": one number for each seed, "seconds": of processor time, ...}}}``.

    Args:
        name: ``"arena"``, ``"again"`` or ``"collapse"`` of lecture 13; ``"sleepers"`` or ``"sleep_again"`` of lecture 12.

    Raises:
        ValueError: no table of that name.
    """
    tables: dict[str, Table] = {}
    for path in sorted(PATH.parent.glob("lecture_*.json")):
        stored = json.loads(path.read_text("utf-8"))
        tables |= {key: value for key, value in stored.items() if isinstance(value, dict)}
    if name not in tables:
        raise ValueError(f"name is {name!r}; expected one of {', '.join(sorted(tables))}")
    return tables[name]
