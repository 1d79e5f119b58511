"""Which level of the jail this machine can hold, by trial; and the refusal where that is too little."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where no level runs
    fcntl = None  # type: ignore[assignment]

from autograder.execution.session import KernelLost, Session
from autograder.jail import control_group, linux
from autograder.jail.fork_client import ParentError, runtime_dir
from autograder.jail.limits import Limits
from autograder.jail.selftest import ATTACKS, PROTECTIONS, try_level

__all__ = ["ORDER", "REQUIRED", "Level", "LevelRefused", "choose", "measure"]

ORDER = ("namespaces", "uid", "rlimits")
BETTER = frozenset({"nested", "supervisor", "kernel_memory", "calls", "locks", "share"})
REQUIRED = frozenset(PROTECTIONS) - BETTER  # what must hold before strangers' code is run
ROOT = Path(__file__).resolve().parents[2]


class LevelRefused(RuntimeError):
    """Nothing on this machine protects it enough from what would be run. Says what is open, and what can be done."""


@dataclass(frozen=True)
class Level:
    """A level as it was found: what its self-test could not break, and whether it is used on the instructor's word.

    Attributes:
        memory: what keeps a job's memory within its limit.
    """

    name: str
    protects: frozenset[str]
    open: str = ""
    trusted: bool = False
    memory: str = ""

    @property
    def enough(self) -> bool:
        return self.protects >= REQUIRED


_measured: dict[tuple[str, str], Level] = {}


def choose(edition: Path, wanted: str = "", trusted: bool = False) -> Level:
    """The strongest level that passes its self-test (or the one that is wanted); tried once per batch.

    ``LevelRefused`` if none passes, unless ``trusted``: then the strongest that runs at all.
    """
    found = []
    for name in (wanted,) if wanted else ORDER:
        level = measure(edition, name)
        if level.enough:
            return level
        found.append(level)
    running = [
        level
        for level in found
        if level.protects
        or level.name == "rlimits"
        and not level.open.startswith("it does not run")
    ]
    if trusted and running:
        return replace(max(running, key=lambda level: len(level.protects)), trusted=True)
    told = "\n".join(f"  {level.name}: {level.open}" for level in found)
    raise LevelRefused(
        f"No level of the jail protects this machine from what these notebooks may do:\n{told}\nGrade on Linux where user namespaces are "
        "allowed, or as root (a container or virtual machine of its own). If you trust everyone whose work you grade, say so: "
        "--i-trust-these-submissions, or c.CheckedExecute.trusted = True in nbgrader_config.py."
    )


def measure(edition: Path, name: str) -> Level:
    """Start a kernel of this level and attack it: once per batch, for all its workers, who share a folder that only we can read."""
    key = (str(edition), name)
    if sys.platform == "win32":
        return _measure(edition, name)
    if key not in _measured:
        path = runtime_dir()[1] / f"level-{name}-{edition.name}.json"
        with open(path, "a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if not (text := file.read()):
                found = _measure(edition, name)
                text = json.dumps([sorted(found.protects), found.open, found.memory])
                file.write(text)
        protects, broken, memory = json.loads(text)
        _measured[key] = Level(name, frozenset(protects), broken, memory=memory)
    return _measured[key]


def _measure(edition: Path, name: str) -> Level:
    if name == "namespaces" and sys.platform != "linux":
        return Level(name, frozenset(), "it does not run: only Linux has namespaces")
    if name == "uid" and (sys.platform != "linux" or os.geteuid() != 0):
        return Level(
            name, frozenset(), "it does not run: only root can give each job a user of its own"
        )
    if sys.platform == "win32":
        return Level(name, frozenset(), "it does not run: Windows cannot fork; use WSL2")
    limits = Limits()
    data = ROOT / "autograder" / "class.data"
    data.mkdir(parents=True, exist_ok=True)
    canary = tempfile.NamedTemporaryFile(
        "w", prefix=".selftest-", dir=data
    )  # as readable as a gradebook is
    os.chmod(canary.name, 0o644)
    known = {
        "course": [
            str(ROOT / "solutions"),
            *(str(ROOT / "autograder" / part) for part in ("checks", "units", "audit")),
        ],
        "class": [canary.name],
        "runtime": str(runtime_dir()[1]),
        "inside": 1 if name == "namespaces" else 0,
        "system": ["/usr/lib", "/etc", sys.prefix, str(edition)],
        "address_space": limits.address_space,
        "most": limits.processes,
        "file_size": limits.file_size,
        "keyctl": linux.keyctl() if sys.platform == "linux" else 0,
        "keyring": linux.session_keyring() if sys.platform == "linux" else 0,
    }
    try:
        with canary, Session(edition, name, warm=False, startup=60) as session:
            protects, broken = try_level(lambda source: _printed(session, source), known)
    except (ParentError, KernelLost) as error:
        return Level(
            name, frozenset(), f"it does not run: {str(error).strip().splitlines()[-1][:200]}"
        )
    words = [
        f"{ATTACKS[part][0] if part in ATTACKS else part} ({came})" for part, came in broken.items()
    ]
    counted = sys.platform == "linux" and "memory" in protects
    memory = "control group" if control_group.parent() else "counted" if counted else ""
    told = "not protected: " + "; ".join(words) if words else ""
    return Level(name, frozenset(protects), told, memory=memory)


def _printed(session: Session, source: str) -> str:
    ran = session.run(source, timeout=60)
    return "".join(
        output.get("text", "")
        if output["output_type"] == "stream"
        else str(output.get("evalue", ""))
        for output in ran.outputs
    )
