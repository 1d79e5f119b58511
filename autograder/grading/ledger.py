"""The log of a grading run: one line of JSON for each submission graded, on disk before anything else is said of it.

A line is written by the process that graded, under a lock, and forced to the disk; so a run that is killed at any moment can be resumed,
and what is in the log is never graded again. A line torn by a full disk or a power cut is not believed. Nothing is ever deleted from it.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: one driver, one process
    fcntl = None  # type: ignore[assignment]

__all__ = ["Ledger", "keys"]

FINAL = ("graded", "refused")


def keys(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What a record stands for: its own key, and those that it left current."""
    return (record["key"], *record.get("also", ()))


class Ledger:
    """The log of one unit, ``folder/ledger.jsonl``, and the locks of its submissions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "ledger.jsonl"

    def append(self, record: dict[str, Any]) -> None:
        """Write one line, whole or not at all.

        Raises:
            OSError: it could not be written; the file is as it was.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps(record, sort_keys=True).encode() + b"\n"
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            with _locked(handle):
                size = os.fstat(handle).st_size
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    line = b"\n" + line  # a torn line before ours
                try:
                    written = 0
                    while written < len(line):
                        written += os.write(handle, line[written:])
                    os.fsync(handle)
                except OSError:
                    os.ftruncate(handle, size)
                    raise
        finally:
            os.close(handle)

    def records(self) -> list[dict[str, Any]]:
        """Every whole line, oldest first."""
        if not self.path.exists():
            return []
        return [record for line in self.path.read_bytes().splitlines() for record in _parsed(line)]

    def current(self) -> dict[str, dict[str, Any]]:
        """By student, the last record, where it is final and nothing has been begun since: what need not be graded again."""
        return {
            student: record
            for student, record in self.latest().items()
            if record["status"] in FINAL and not self._doubted(record)
        }

    def find(self, student: str, key: str = "") -> dict[str, Any]:
        """The student's last record, if it is final, nothing has been begun since, and it is for this key; or nothing.

        An earlier record with the key is none: the gradebook holds what was graded last.
        """
        record = next(
            (found for found in self._with(json.dumps(student)) if found["student"] == student), {}
        )
        final = record.get("status") in FINAL and not self._doubted(record)
        return record if final and (not key or key in keys(record)) else {}

    def begin(self, student: str) -> str:
        """From now until ``end``, what the gradebook holds of this student is in doubt, on whatever day the machine stops.

        Returns:
            A name for this grading. A record that bears it, as ``grading``, settles the doubt: who is killed after the record and
            before ``end`` has graded, and nobody grades again.

        Raises:
            OSError: that cannot be written.
        """
        path, name = self._begun(student), uuid.uuid4().hex
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.write(handle, name.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        return name

    def end(self, student: str) -> None:
        """The student's record is on the disk."""
        self._begun(student).unlink(missing_ok=True)

    def _doubted(self, record: dict[str, Any]) -> bool:
        """Whether the student's grading has been begun since this record."""
        try:
            name = self._begun(record["student"]).read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return False
        return not name or name != record.get("grading")

    def _begun(self, student: str) -> Path:
        return self.folder / "begun" / student

    def last(self, student: str) -> dict[str, Any]:
        """The last time a student was graded, or nothing."""
        return next(
            (
                found
                for found in self._with(json.dumps(student))
                if found["student"] == student and found["status"] == "graded"
            ),
            {},
        )

    def latest(self) -> dict[str, dict[str, Any]]:
        """The last record of each student."""
        return {record["student"]: record for record in self.records()}

    def _with(self, text: str) -> Iterator[dict[str, Any]]:
        """Records in whose lines a text stands, the last first: of ten thousand lines none but these is looked at."""
        log, wanted = self.path.read_bytes() if self.path.exists() else b"", text.encode()
        end = len(log)
        while (found := log.rfind(wanted, 0, end)) >= 0:
            end, stop = log.rfind(b"\n", 0, found) + 1, log.find(b"\n", found)
            yield from _parsed(log[end:] if stop < 0 else log[end:stop])

    @contextmanager
    def turn(self, student: str) -> Iterator[None]:
        """One process at a time for each submission: of two drivers, or of an orphan of a killed one and its successor."""
        with _held(self.folder / "locks" / f"{student}.lock", wait=True):
            yield

    @contextmanager
    def run(self) -> Iterator[None]:
        """One driver at a time for a unit.

        Raises:
            BlockingIOError: another one is at work.
        """
        with _held(self.folder / "locks" / ".driver", wait=False):
            yield


def _parsed(line: bytes) -> list[dict[str, Any]]:
    """The record of a line; nothing for a torn one."""
    try:
        record = json.loads(line)
    except ValueError:
        return []
    return (
        [record]
        if isinstance(record, dict) and {"key", "student", "status"} <= record.keys()
        else []
    )


@contextmanager
def _held(path: Path, wait: bool) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with _locked(handle, wait):
            yield
    finally:
        os.close(handle)


@contextmanager
def _locked(handle: int, wait: bool = True) -> Iterator[None]:
    """A lock that dies with the process that holds it."""
    if fcntl is None:
        yield
        return
    fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)
