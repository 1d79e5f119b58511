"""Tables of lectures that were computed beforehand, by ``benchmarks/lecture_NN.py``, because they take too long for a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from course_vi import validate

__all__ = ["path_of", "stored_table"]

LECTURES = (8, 10, 12, 13, 15, 17, 19)


def path_of(lecture: int) -> Path:
    """Where the tables of a lecture lie.

    >>> path_of(8).name
    'lecture_08.json'
    """
    validate.one_of("lecture", lecture, LECTURES)
    return Path(__file__).with_name(f"lecture_{lecture:02d}.json")


def stored_table(name: str, lecture: int = 13) -> dict[str, dict[str, dict[str, Any]]]:
    """``{steps: {way: {"test": one number for each seed, "seconds": of processor time, ...}}}``, or, of lecture 8, ``{posterior: {...}}``.

    Args:
        name: ``"arena"``, ``"again"`` or ``"collapse"`` of lecture 13; ``"judge"``, ``"race"`` or ``"faster"`` of lecture 8;
            ``"trial"`` of lecture 10; ``"sleepers"`` or ``"sleep_again"`` of lecture 12; ``"curves"``, ``"factors"`` or ``"labels"``
            of lecture 15; ``"proposals"``, ``"rows"`` or ``"strokes"`` of lecture 17; ``"trial"``, ``"bins"``,
            or ``"swap"`` of lecture 19.

    Raises:
        ValueError: no table of that name.
    """
    stored = json.loads(path_of(lecture).read_text("utf-8"))
    tables = [key for key, value in stored.items() if isinstance(value, dict)]
    if name not in tables:
        raise ValueError(f"name is {name!r}; expected one of {', '.join(sorted(tables))}")
    table: dict[str, dict[str, dict[str, Any]]] = stored[name]
    return table
