"""What an instructor hears of a submission while it is collected: late, several notebooks, one that is not whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from autograder.intake.limits import LIMITS, Refusal
from autograder.intake.names import printable, safe_id
from autograder.intake.read import content

__all__ = ["remarks"]


def remarks(gradebook: Any, unit: str, name: str, files: Mapping[str, Path], when: str) -> dict[str, list[str]]:  # fmt: skip
    """Lines on one student by what they are about, as ``collect`` tells them.

    Args:
        files: those that were handed in, by their names.
        when: they were handed in, as ``in_utc`` writes it; empty where nobody knows.
    """
    notebooks = {file: path for file, path in files.items() if file.lower().endswith(".ipynb")}
    found = {
        "not whole": [
            f"{name} ({printable(file, 80)})"
            for file, path in notebooks.items()
            if not _whole(path)
        ]  # fmt: skip
    }
    if len(notebooks) > 1:
        found["several notebooks"] = [f"{name} ({len(notebooks)}; the best one counts)"]
    if hours := _hours_late(gradebook, unit, name, when):
        found["late"] = [f"{name} ({hours:.1f} hours)"]
    return found


def _whole(path: Path) -> bool:
    """Whether a file is a JSON object; what is not is repaired or refused when it is graded."""
    try:
        return isinstance(json.loads(content(path, LIMITS.file)), dict)
    except (ValueError, RecursionError, Refusal):
        return False


def _hours_late(gradebook: Any, unit: str, name: str, when: str) -> float:
    """Hours after the due date and the time that they were given besides; 0.0 where neither is known."""
    from nbgrader.api import MissingEntry

    try:
        due = gradebook.find_assignment(unit).duedate
        came = datetime.strptime(when.strip(), "%Y-%m-%d %H:%M:%S UTC")
    except (MissingEntry, ValueError):
        return 0.0
    if due is None:
        return 0.0
    try:
        due += gradebook.find_submission(unit, safe_id(name)).extension or timedelta()
    except MissingEntry:
        pass  # not yet graded: there is no extension
    return max((came - due).total_seconds() / 3600, 0.0)
