"""Whose submissions lie where: ``submitted/STUDENT/UNIT``, and what people make of that."""

from __future__ import annotations

import os
from pathlib import Path

from autograder.intake.read import likeness

__all__ = ["find", "loose", "names"]


def names(submitted: Path, unit: str) -> list[str]:
    """Who handed something in for a unit, whatever it is: the names of the folders, as they stand."""
    return [
        entry.name for entry in _entries(submitted) if find(submitted, entry.name, unit) is not None
    ]


def find(submitted: Path, name: str, unit: str) -> Path | None:
    """The folder of a submission: the unit's name in any case, or its number; or the student's own, if a notebook lies there."""
    entries = [entry.name for entry in _entries(submitted / name)]
    like = [entry for entry in entries if entry.casefold() == unit.casefold()] or [
        entry for entry in entries if entry == unit[:2]
    ]
    if like:
        return submitted / name / (unit if unit in entries else like[0])
    return submitted / name if any(likeness(entry, unit) for entry in entries) else None


def loose(submitted: Path) -> list[str]:
    """Files that lie in no student's folder, so that nobody knows whose they are."""
    return [
        entry.name
        for entry in _entries(submitted)
        if entry.is_file() and not entry.name.startswith(".")
    ]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, by name; nothing where there is none. A student's name may begin with a dot; a unit's does not."""
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []
