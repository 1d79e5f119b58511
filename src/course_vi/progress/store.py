"""One small file for each prediction and each report, in ``work/progress``: two notebooks can write at once and lose nothing."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["FOLDER", "MARK", "forget", "keep", "kept", "sits_here", "work_folder", "write_whole"]

MARK = ".released.json"  # what `make lab` writes into the folder it fills
FOLDER = "progress"
KINDS = ("predictions", "reports", "reviews", "steps", "entry")
NAME = re.compile(r"\d\d_\w+")


def work_folder(start: Path | None = None) -> Path | None:
    """The learner's folder around ``start`` (the folder of the notebook that runs); None outside of one.

    A submission that is graded, a test and the build of a lecture run elsewhere, and so leave nothing behind.

    >>> work_folder(Path("/")) is None
    True
    """
    here = (start or Path.cwd()).resolve()
    return next((folder for folder in (here, *here.parents) if (folder / MARK).is_file()), None)


def sits_here() -> bool:
    """Whether a person sits at this kernel, in a learner's folder: then questions are asked, and answers kept.

    >>> sits_here()
    False
    """
    if os.environ.get("COURSE_VI_SMOKE", "") not in ("", "0") or work_folder() is None:
        return False
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def keep(kind: str, name: str, value: dict[str, Any], work: Path | None = None) -> bool:
    """Write ``work/progress/KIND/NAME.json``; False where there is no folder to write to, or it cannot be written.

    Args:
        kind: ``"predictions"``, ``"reports"``, ``"reviews"`` of predictions that went wrong, ``"steps"`` of solutions that were
            looked at, or ``"entry"``, answers to the quiz of where to enter.
        name: of the prediction or the exercise, such as ``"03_5"`` or ``"03_gap"``.

    Raises:
        ValueError: there is no such kind, or the name does not begin with a unit's number.
    """
    path = _place(kind, name, work or work_folder())
    if path is None:
        return False
    text = json.dumps({**value, "when": datetime.now().isoformat(timespec="seconds")}, indent=1)
    return write_whole(path, text)


def write_whole(path: Path, text: str) -> bool:
    """Write a file so that nobody ever reads half of it; False where it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, "utf-8")
        beside.replace(path)
    except OSError:
        return False
    return True


def kept(kind: str, unit: str = "", work: Path | None = None) -> dict[str, dict[str, Any]]:
    """What was kept, by name, of all units or of one (``"03"``); a file that cannot be read counts as none."""
    work = work or work_folder()
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((work / FOLDER / kind).glob(f"{unit}*.json")) if work else ():
        try:
            value = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(value, dict):
            found[path.stem] = value
    return found


def forget(unit: str = "", work: Path | None = None) -> int:
    """Erase what was kept, of all units or of one; the number of files that are gone."""
    work = work or work_folder()
    paths = [path for kind in KINDS for path in (work / FOLDER / kind).glob(f"{unit}*.json")] if work else []  # fmt: skip
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def _place(kind: str, name: str, work: Path | None) -> Path | None:
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
    if not NAME.fullmatch(name):
        raise ValueError(
            f"name is {name!r}; expected a unit's number and a word, such as '03_gap' or '03_5'"
        )
    return work / FOLDER / kind / f"{name}.json" if work else None
