"""What a grade was made from and with: hashes of the submission and of what decides, versions, jail."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import socket
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.course import ROOT
from autograder.grading.closure import PACKAGES, closure
from autograder.intake.limits import LIMITS, Refusal
from autograder.intake.read import content, walk

__all__ = [
    "answers",
    "decided_by",
    "deciding_files",
    "jail_record",
    "key",
    "submission_hash",
    "versions",
    "worth",
]

DECIDERS = (
    "autograder.intake.read",
    "autograder.plugins.checked_execute",
    "autograder.plugins.repairing_exporter",
    "autograder.plugins.restore_cells",
)
CONFIG_FILE = "nbgrader_config.py"
VERSIONS = ("course_vi", "nbgrader", "ipykernel", "torch", "pyro-ppl", "numpy")


def submission_hash(folder: Path) -> str:
    """A hash of all that was handed in: names and contents, and of what is refused its kind. No link is followed."""
    digest = hashlib.sha256()
    try:
        for path in walk(folder, LIMITS, []):
            try:
                inside = hashlib.sha256(content(path, LIMITS.archive)).digest()
            except Refusal as refusal:
                inside = str(refusal).encode()
            digest.update(
                path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
                + b"\0"
                + inside
            )
    except Refusal as refusal:
        digest.update(str(refusal).encode())
    return digest.hexdigest()


def deciding_files(unit: str) -> list[Path]:
    """Everything of ours that decides on the points of a unit's submissions, sorted.

    The import closure of the unit's folder and of the step that runs and checks a submission; all
    of ``course_vi`` that a learner's code may call; and the step's settings, ``nbgrader_config.py``.
    What is only said (dictionaries) or measured (nulls, answers) decides nothing.
    """
    folder = f"autograder.units.unit_{unit[:2]}"
    loaded = [f"{folder}.problems"] if (_folder(unit) / "problems.py").exists() else []  # by name
    found = {*closure([folder, *loaded, *DECIDERS]), ROOT / CONFIG_FILE}
    for shared in (
        "checks",
        "protocol",
    ):  # what parts may ask and problems be made of, whoever does
        found |= set((PACKAGES["autograder"] / shared).glob("*.py"))
    core = PACKAGES["course_vi"]
    found |= {path for path in core.rglob("*.py") if path.parent != core / "plots"}
    return sorted(found)


def decided_by(unit: str, release: Path) -> str:
    """A hash of the released notebook and of all ``deciding_files``."""
    return hash_of(
        unit[:2] if _folder(unit).is_dir() else "",
        release.read_bytes() if release.exists() else b"",
    )


@cache
def hash_of(unit: str, release: bytes) -> str:
    digest = hashlib.sha256(release)
    for path in deciding_files(unit) if unit else ():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _folder(unit: str) -> Path:
    return PACKAGES["autograder"] / "units" / f"unit_{unit[:2]}"


def key(submission: str, unit: str, decided_by: str, only: Sequence[str] = ()) -> str:
    """What identifies a grade: equal keys need no second grading."""
    return hashlib.sha256(
        json.dumps([submission, unit, decided_by, sorted(only)]).encode()
    ).hexdigest()


@cache
def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "host": socket.gethostname()}
    for name in VERSIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def jail_record(autograded: Path) -> dict[str, Any]:
    """What execution wrote into the autograded notebook: jail level, seeds, versions. The repairs are logged on their own."""
    if not autograded.exists():
        return {}
    about = nbformat.read(autograded, as_version=4).metadata.get("course_vi", {})
    return {
        name: value for name, value in json.loads(json.dumps(about)).items() if name != "repairs"
    }


def answers(notebook: NotebookNode) -> dict[str, str]:
    """A hash of each answer that a person marks, its attachments included: equal hashes keep the mark."""
    found = {}
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") and marks.get("solution"):
            text = json.dumps([cell.source, cell.get("attachments", {})], sort_keys=True)
            found[marks["grade_id"]] = hashlib.sha256(text.encode()).hexdigest()
    return found


def worth(notebook: NotebookNode) -> dict[str, float]:
    """What each answer that a person marks is worth: a mark out of two is none out of four."""
    return {
        name: float(cell.metadata["nbgrader"]["points"])
        for cell in notebook.cells
        for name in [cell.metadata.get("nbgrader", {}).get("grade_id", "")]
        if name and name in answers(notebook)
    }
