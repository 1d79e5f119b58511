"""What a grade was made from and with: hashes of the submission and of the edition, versions, jail."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import re
import socket
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.intake.limits import LIMITS, Refusal
from autograder.intake.read import content, walk

__all__ = ["answers", "edition", "jail_record", "key", "submission_hash", "versions"]

PACKAGE = Path(__file__).resolve().parents[1]
DECIDES = ("checks", "units")
SHARED = (
    "checking.py",
    "checks/compare.py",
    "checks/probe.py",
    "protocol/wire.py",
    "protocol/agent.py",
    "checks/report.py",
)
PACKAGES = ("course_vi", "nbgrader", "ipykernel", "torch", "pyro-ppl", "numpy")


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


def edition(unit: str, release: Path) -> str:
    """A hash of everything that decides on a unit's points: the released notebook, its checks and problems, and what they share."""
    digest = hashlib.sha256(release.read_bytes() if release.exists() else b"")
    for path in sorted(
        [PACKAGE / name for name in SHARED]
        + [path for room in DECIDES for path in (PACKAGE / room).rglob("*.py")]
    ):
        about = re.search(r"units/unit_(\d\d)/", path.relative_to(PACKAGE).as_posix())
        if (
            path.exists()
            and path.parent.name != "answers"
            and (about is None or about[1] == unit[:2])
        ):
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def key(submission: str, unit: str, edition: str, only: Sequence[str] = ()) -> str:
    """What identifies a grade: equal keys need no second grading."""
    return hashlib.sha256(
        json.dumps([submission, unit, edition, sorted(only)]).encode()
    ).hexdigest()


@cache
def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "host": socket.gethostname()}
    for name in PACKAGES:
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
