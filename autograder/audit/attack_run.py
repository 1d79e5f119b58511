"""Grade every attack in one class, and see what came of it::

    python -m autograder attacks            all of autograder/attacks, between two honest students
    python -m autograder attacks --stock    stock nbgrader too, where it is safe to show it (minutes)

It prints a table: attack, stock's score, ours, honest score. It returns 1 if a score is not the honest one, if a neighbour was touched, if
something was written outside, reached, or left running, or if a page holds a script.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat

from autograder.audit import sample_class
from autograder.audit.attack import UNIT, Attack, attacks
from autograder.course import this_course
from autograder.grading import batch
from autograder.grading.class_folder import STEPS, Classroom
from autograder.grading.result import Result
from autograder.jail import linux
from autograder.jail.fork_client import runtime_dir, shared, stop

__all__ = ["Outcome", "grade_attacks"]

HONEST = ("aaa_honest", "zzz_honest")
CLAIMS = re.compile(r"\b(FOUND|REACHED|WROTE|PLANTED|GOT THROUGH|READ) .*")
LITTER = ("vi_attack", "vi_pickle_ran", "full")
SCRIPT = re.compile(r"<script>alert|<[^>]*\bon(error|load)=|href=[\"']?javascript:", re.IGNORECASE)
SECONDS = {"timeout": 10, "call_timeout": 4.0, "exercise_timeout": 10.0, "notebook_timeout": 120.0}


class Outcome:
    """What came of a class of attacks."""

    def __init__(self, group: Classroom, rows: dict[str, Result], faults: list[str]) -> None:
        self.group, self.rows, self.faults = group, rows, faults


def grade_attacks(
    folder: Path, chosen: Sequence[Attack] | None = None, quiet: bool = True
) -> Outcome:
    """Hand in, grade, and look around. ``folder`` must lie in the course; what it held of the unit is removed."""
    course = this_course()
    group = Classroom(course, folder)
    for step in STEPS:
        shutil.rmtree(folder / step, ignore_errors=True)
    (folder / "gradebook.db").unlink(missing_ok=True)
    for name, value in SECONDS.items():
        setattr(group.config.CheckedExecute, name, value)
    chosen = attacks() if chosen is None else chosen
    released = nbformat.read(course.release(UNIT), as_version=4)
    solutions = sample_class._solutions(course, UNIT)
    before = _stamp(course.root)
    _hold_a_key()
    with shared() as runtime, _listener() as (port, calls):
        known = {
            "ROOT": str(course.root),
            "CLASS": str(folder),
            "GRADEBOOK": str(folder / "gradebook.db"),
            "RUNTIME": str(runtime),
            "PORT": port,
        }
        for name in HONEST:
            sample_class.hand_in(
                sample_class.Student(name, solutions, {}), released, folder / "submitted", UNIT
            )
        for attack in chosen:
            attack.hand_in(released, solutions, folder / "submitted", known)
        handed_in = _stamp(folder / "submitted")
        rows = {
            row.student: row for row in batch.run(group, UNIT, batch.Plan(force=True, quiet=quiet))
        }
        faults = [f"{len(calls)} connections came out of the jail"] if calls else []
        for path in runtime.glob("*.sock"):
            stop(str(path))
        faults += [f"left running: {process}" for process in _wait_for_none()]
    full = {
        name: points for name, points in Attack("", "", True, frozenset(), "", ()).honest.items()
    }
    for name, honest in [
        *((name, full) for name in HONEST),
        *((attack.name, attack.honest) for attack in chosen),
    ]:
        faults += [
            f"{name}: {fault}"
            for fault in (rows[name].differs(honest) if name in rows else ["not in the class"])
        ]
    faults += [
        f"{path} changed"
        for path in _changes(handed_in, _stamp(folder / "submitted"))
        + _changes(before, _stamp(course.root))
    ]
    places = (
        "/tmp",
        "/var/tmp",
        "/dev/shm",
        "/run",
        "/",
        str(Path.home()),
        str(course.root),
        str(folder),
    )
    faults += [
        f"left in {place}: {name}"
        for place in places
        for name in LITTER
        if os.path.lexists(os.path.join(place, name))
    ]
    with sqlite3.connect(folder / "gradebook.db") as book:
        faults += [
            f"in the gradebook: {name}"
            for (name,) in book.execute("select name from sqlite_master where type = 'trigger'")
        ]
    for path in sorted(folder.glob(f"autograded/*/{UNIT}/{UNIT}.ipynb")):
        faults += [
            f"{path.parent.parent.name} printed: {found.group(0)[:120]}"
            for found in CLAIMS.finditer(_printed(path))
        ]
    for path in sorted(folder.glob(f"feedback/*/{UNIT}/{UNIT}.html")):
        if found := SCRIPT.search(path.read_text(encoding="utf-8")):
            faults.append(f"{path.parent.parent.name}: the page holds {found.group(0)!r}")
    return Outcome(group, rows, faults)


def _hold_a_key() -> None:
    """A session keyring with something in it, as every login has one: it is looked for."""
    if sys.platform == "linux" and linux.keyctl():
        linux.new_session_keyring()
        linux.add_key("vi_grader_token", b"a secret of the grader")


def _printed(path: Path) -> str:
    text = []
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            text.append(output.get("text", "") or str(output.get("data", {}).get("text/plain", "")))
    return "\n".join(text)


def _stamp(folder: Path) -> dict[str, str]:
    """Hashes of the files that matter below a folder; links by their target."""
    skipped = {
        ".git",
        ".venv",
        "class.data",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
    }
    found = {}
    for path, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in skipped]
        for name in files:
            full = os.path.join(path, name)
            if os.path.islink(full):
                found[full] = os.readlink(full)
            elif os.path.isfile(full):
                found[full] = hashlib.sha256(Path(full).read_bytes()).hexdigest()
    return found


def _changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def _wait_for_none() -> set[str]:
    """What is still running ten seconds after everything was told to end."""
    end = time.monotonic() + 10
    while (found := _processes()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def _processes() -> set[str]:
    """The servers that fork and all that came from them: the folder of this run is in their command line."""
    found, folder = set(), runtime_dir()[1].name
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else []):
        try:
            words = (
                Path(f"/proc/{name}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode("utf-8", "replace")
            )
            if folder in words:
                found.add(f"{name}: {words[:80]}")
        except OSError:
            continue
    return found


@contextmanager
def _listener() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, and who called."""
    calls: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                calls.append(str(address))
                connection.close()

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1], calls


def table(outcome: Outcome, chosen: Sequence[Attack], stock: dict[str, str]) -> str:
    """The outcome as Markdown."""
    lines = ["| attack | what it does | stock nbgrader | ours | honest |", "|---|---|---|---|---|"]
    for attack in chosen:
        row = outcome.rows[attack.name]
        ours = row.failure or f"{row.total:g}"
        lines.append(
            f"| `{attack.name}` | {attack.says} | {stock.get(attack.name, '')} | {ours} | {sum(attack.honest.values()):g} |"
        )
    return "\n".join(lines)
