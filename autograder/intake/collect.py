"""Collect what students handed in, held against the roster: who, what, when, who not, and what could be read in two ways.

    python -m autograder collect 03 submissions.zip --roster worksheet.csv

What can be read in two ways is refused, nobody is lost, and every file is kept as it was handed in, byte for byte, in
``submitted/STUDENT/UNIT``. A student is called ``lovelaceada_4711`` or ``Ada Lovelace_1327627`` after the platform's zip; the number
stays in the gradebook and in ``collected/UNIT.json``, so that grades and pages find the way back.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from autograder.intake import archives
from autograder.intake.layout import Ambiguous, Found, layout, recognise
from autograder.intake.limits import LIMITS
from autograder.intake.names import printable, safe_id
from autograder.intake.remarks import remarks
from autograder.intake.roster import Person, match, people
from autograder.intake.times import in_utc

__all__ = ["KINDS", "Ambiguous", "Found", "Person", "collect", "people", "recognise", "record"]

KINDS = ("collected", "replaced", "late", "handed in nothing", "not in the roster", "ambiguous", "not recognised", "too large",
         "damaged", "not whole", "several notebooks", "time not read", "time not known")  # fmt: skip
STAMP = "timestamp.txt"


class Gathering(Protocol):
    """Where submissions are gathered: the folder of a class, and its gradebook."""

    folder: Path

    def gradebook(self) -> Any: ...


@dataclass
class _Student:
    """What was found of one student."""

    name: str
    number: str = ""
    late: bool = False
    files: dict[str, Path] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    size: int = 0


def record(group: Gathering, unit: str) -> dict[str, dict[str, Any]]:
    """What is known of everyone collected for a unit, by name: number, names in the archives, hashes, times."""
    path = group.folder / "collected" / f"{unit}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def collect(
    group: Gathering,
    unit: str,
    sources: list[Path],
    roster: Mapping[str, Person] | None = None,
    zone: str = "UTC",
) -> dict[str, list[str]]:
    """Put everything where the driver looks, ``submitted/STUDENT/UNIT``; what was there and differs moves to ``replaced/``.

    Returns:
        What to tell: names by what is to be said of them, one of ``KINDS``.

    Raises:
        Ambiguous: an archive could be read in two ways; nothing of it is collected.
        ValueError: a source is no archive, or there is no room for it.
    """
    told: dict[str, list[str]] = {kind: [] for kind in KINDS}
    group.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".collecting-", dir=group.folder) as staging:
        found = _unpacked(sources, roster or {}, Path(staging), told)
        _numbered(found, roster or {}, told)
        known = record(group, unit)
        with group.gradebook() as gradebook:
            for name, student in sorted(found.items()):
                person = (roster or {}).get(student.number, Person())
                _enter(gradebook, student, person)
                _place(group.folder, unit, student, person, zone, told)
                _remark(group.folder, gradebook, name, unit, told)
                known[name] = {
                    "number": student.number, "sources": student.sources, "when": person.when, "late": student.late,
                    "sha256": {file: archives.digest(path) for file, path in _there(group.folder, name, unit).items()},
                    "collected": datetime.now(UTC).isoformat(timespec="seconds"),
                }  # fmt: skip
    path = group.folder / "collected" / f"{unit}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(known, indent=1, sort_keys=True), encoding="utf-8")
    handed_in = {student.number for student in found.values()}
    told["handed in nothing"] = [
        f"{person.name or 'nobody by name'} ({number})"
        for number, person in (roster or {}).items()
        if number not in handed_in
    ]
    return told


def _unpacked(
    sources: list[Path], roster: Mapping[str, Person], staging: Path, told: dict[str, list[str]]
) -> dict[str, _Student]:
    """Everything that is somebody's, written below ``staging``."""
    found: dict[str, _Student] = {}
    left = archives.room(staging)
    for source in sources:
        archive = archives.Archive(source)
        members = list(archive.members())
        plan = layout([member.path for member in members], list(roster))
        for count, member in enumerate(members):
            whose = plan.read(member.path)
            if whose is None:
                told["not recognised"].append(member.path)
                continue
            if whose.file.casefold() == STAMP:
                continue  # students do not tell the time
            student = found.setdefault(whose.student, _Student(whose.student, whose.number))
            student.late |= whose.late
            student.sources.append(member.path)
            target = staging / f"{len(found)}-{count}-{len(student.files)}"
            most = min(LIMITS.archive, 2 * LIMITS.archive - student.size)
            if member.size <= most and member.size > left:
                raise ValueError(f"there is no room on the disk for all of {source}")
            if why := member.write(target, most):
                told["too large" if why.startswith("too large") else "damaged"].append(member.path)
                target.write_text(f"{printable(whose.file, 200)} was not collected. {why}.")
                student.files[f"{whose.file}{archives.NOT_COLLECTED}"] = target
            else:
                student.files[whose.file] = target
            size = target.stat().st_size
            student.size, left = student.size + size, left - size
    return found


def _numbered(
    found: dict[str, _Student], roster: Mapping[str, Person], told: dict[str, list[str]]
) -> None:
    """Find each student's number in the roster; what is ambiguous is said, and left out where two claim one number."""
    for name, student in found.items():
        if not student.number and roster:
            numbers = match(name, roster)
            if len(numbers) > 1:
                told["ambiguous"].append(f"{name} may be any of {', '.join(numbers)}")
            student.number = numbers[0] if len(numbers) == 1 else ""
        if roster and student.number not in roster:
            told["not in the roster"].append(name)
    claims: dict[str, list[str]] = {}
    for name, student in found.items():
        if student.number:
            claims.setdefault(student.number, []).append(name)
    for number, names in claims.items():
        if len(names) > 1:
            told["ambiguous"].append(f"{number} is claimed by {', '.join(names)}: none collected")
            for name in names:
                del found[name]


def _enter(gradebook: Any, student: _Student, person: Person) -> None:
    known = {"first_name": person.first, "last_name": person.last, "email": person.email, "lms_user_id": student.number}  # fmt: skip
    gradebook.update_or_create_student(
        safe_id(student.name), **{key: value for key, value in known.items() if value}
    )


def _there(folder: Path, name: str, unit: str) -> dict[str, Path]:
    """What lies in a student's folder."""
    place = folder / "submitted" / name.encode("utf-8", "replace").decode() / unit
    return {path.relative_to(place).as_posix(): path for path in archives.files(place)}


def _place(
    folder: Path, unit: str, student: _Student, person: Person, zone: str, told: dict[str, list[str]]
) -> None:  # fmt: skip
    """Move a student's files to their place, if they are not there already."""
    name = student.name
    place = folder / "submitted" / name.encode("utf-8", "replace").decode() / unit
    there = _there(folder, name, unit)
    after = {_short(file): path for file, path in student.files.items()}
    old_stamp = there.pop(STAMP).read_text("utf-8", "replace") if STAMP in there else ""
    stamp = _stamp(name, person, zone, told)
    same = {file: archives.digest(path) for file, path in there.items()} == {
        file: archives.digest(path) for file, path in after.items()
    }
    if not stamp and old_stamp:
        stamp = old_stamp  # a roster without times, or none, takes none away
        if not same:
            told["time not known"].append(f"{name} (kept: {printable(old_stamp, 40)})")
    if same and stamp == old_stamp and place.exists():
        return
    if place.exists():
        (folder / "replaced").mkdir(exist_ok=True)
        kept = folder / "replaced" / f"{time.time_ns()}" / safe_id(name) / unit
        kept.parent.mkdir(parents=True)
        shutil.move(place, kept)
        told["replaced"].append(name)
    for file, path in after.items():
        target = place / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
    place.mkdir(parents=True, exist_ok=True)
    if stamp:
        (place / STAMP).write_text(stamp, encoding="utf-8")
    told["collected"].append(name)
    if student.late:
        told["late"].append(name)


def _remark(folder: Path, gradebook: Any, name: str, unit: str, told: dict[str, list[str]]) -> None:
    files = _there(folder, name, unit)
    when = files.pop(STAMP).read_text("utf-8", "replace") if STAMP in files else ""
    for what, lines in remarks(gradebook, unit, name, files, when).items():
        if not (what == "late" and name in told["late"]):  # an archive has said so
            told[what] += lines


def _short(file: str) -> str:
    """A path with names that a file system can hold."""
    parts = PurePosixPath(file).parts
    return "/".join(part.encode()[-200:].decode(errors="ignore") for part in parts)


def _stamp(name: str, person: Person, zone: str, told: dict[str, list[str]]) -> str:
    try:
        return in_utc(person.when, zone) if person.when.strip(" -") else ""
    except (ValueError, OverflowError):
        told["time not read"].append(f"{name} ({printable(person.when, 60)})")
        return ""
