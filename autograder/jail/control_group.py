"""A control group (cgroup v2) for each job, where the grader may make one: memory, processes and processor time, kept by the system.

It may where somebody said so: ``COURSE_VI_CGROUP`` names a folder that was handed over; or where the grader runs in a group of its own
that systemd has delegated (``systemd-run --user --scope -p Delegate=yes python -m autograder grade ...``): then what runs in it is moved
to a leaf below, as the rules of control groups want it. Nothing else is touched. Elsewhere the supervisor counts by itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from .limits import Limits

__all__ = ["VARIABLE", "Group", "parent"]

VARIABLE = "COURSE_VI_CGROUP"
MOUNT = Path("/sys/fs/cgroup")
CONTROLLERS = ("memory", "pids", "cpu")
DELEGATED = ("user.delegate", "trusted.delegate")


class Group:
    """The group of one job: made before its kernel, removed after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def make(cls, above: Path, name: str, limits: Limits) -> Group:
        """``OSError`` if the system refuses any of it."""
        group = cls(above / name)
        group.folder.mkdir()
        try:
            for file, value in group.settings(limits).items():
                (group.folder / file).write_text(value)
        except OSError:
            group.remove()
            raise
        with suppress(OSError):  # a system without swap has no such file
            (group.folder / "memory.swap.max").write_text("0")
        return group

    @staticmethod
    def settings(limits: Limits) -> Mapping[str, str]:
        """What is written into the group's files. Its scratch folders are memory, and counted as such."""
        return {
            "memory.max": str(limits.memory + 3 * limits.disk),
            "memory.oom.group": "1",
            "pids.max": str(limits.processes),
            "cpu.weight": "100",
        }

    @property
    def entrance(self) -> str:
        """The file by which a process enters. Whoever opened it may have another write to it."""
        return str(self.folder / "cgroup.procs")

    @property
    def events(self) -> str:
        return str(self.folder / "memory.events")

    def remove(self) -> None:
        """End what is left in it, and take it away."""
        with suppress(OSError):  # a system from before 2021 has no such file
            handle = os.open(self.folder / "cgroup.kill", os.O_WRONLY)
            os.write(handle, b"1")
            os.close(handle)
        for _ in range(50):
            try:
                self.folder.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.02)


def out_of_memory(events: str) -> bool:
    """Whether the system ended something in a group because of its memory, from the text of ``memory.events``.

    >>> out_of_memory("low 0" + chr(10) + "oom_kill 2" + chr(10))
    True
    """
    return any(line.split() > ["oom_kill", "0"] for line in events.splitlines()
               if line.startswith("oom_kill "))  # fmt: skip


@cache
def parent() -> Path | None:
    """The folder in which groups can be made, if there is one."""
    told = os.environ.get(VARIABLE)
    return _ready(Path(told)) if told else _delegated(_own())


def _own() -> Path | None:
    """The group that this process is in, if this system has version 2 and nothing but that."""
    try:
        line = Path("/proc/self/cgroup").read_text().strip()
    except OSError:
        return None
    return MOUNT / line[3:].lstrip("/") if line.startswith("0::/") and "\n" not in line else None


def _delegated(own: Path | None) -> Path | None:
    """The own group, emptied into a leaf, if it was given to us to arrange."""
    if own is None or own == MOUNT or not any(_marked(own, name) for name in DELEGATED):
        return None
    leaf = own / "grader"
    try:
        leaf.mkdir(exist_ok=True)
        for pid in (own / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                (leaf / "cgroup.procs").write_text(pid)
    except OSError:
        return None
    return _ready(own)


def _marked(folder: Path, name: str) -> bool:
    try:
        return os.getxattr(folder, name) == b"1"
    except (OSError, AttributeError):
        return False


def _ready(folder: Path) -> Path | None:
    """The folder, if groups in it can be limited."""
    try:
        there = (folder / "cgroup.controllers").read_text().split()
        if not set(CONTROLLERS) <= set(there):
            return None
        if not set(CONTROLLERS) <= set((folder / "cgroup.subtree_control").read_text().split()):
            (folder / "cgroup.subtree_control").write_text(
                " ".join(f"+{name}" for name in CONTROLLERS)
            )
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
