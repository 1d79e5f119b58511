"""Collect what students handed in: the zip that Canvas or Moodle offers for an assignment, or any zip or folder with a folder per student.

    python -m autograder collect 03 submissions.zip
    python -m autograder collect 03 submissions.zip --roster worksheet.csv

Canvas calls a file ``lovelaceada_LATE_4711_90210_03_elbo.ipynb`` (name, lateness, numbers of student and file), Moodle
``Ada Lovelace_1327627_assignsubmission_file_/03_elbo.ipynb`` (a folder or a name that begins so). The student becomes
``lovelaceada_4711`` or ``Ada Lovelace_1327627``; the number stays in the gradebook, so that ``export`` finds the way back. A roster is
Canvas's exported gradebook or Moodle's grading worksheet: it gives names, e-mail addresses and, from Moodle, the times of submission.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import stat
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from autograder.intake.limits import LIMITS
from autograder.intake.names import safe_id
from autograder.intake.times import in_utc

__all__ = ["Found", "Person", "collect", "people", "recognise"]

MOODLE = re.compile(
    r"(?P<name>[^/]+)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?(?:/(?P<path>.+)|(?P<flat>[^/]+))"
)
CANVAS = re.compile(
    r"(?:.*/)?(?P<name>\w+?)_(?P<late>LATE_)?(?P<number>\d+)_(?P<file>\d+)_(?P<flat>[^/]+)"
)
ANONYMOUS = re.compile(
    r"(?:.*/)?(?P<late>LATE_)?anon_(?P<number>\w+?)_(?P<file>\d+)_(?P<flat>[^/]+)"
)


@dataclass(frozen=True)
class Found:
    """Whose a file of an archive is, and what it is called there."""

    student: str
    file: str
    number: str = ""
    late: bool = False


@dataclass(frozen=True)
class Person:
    """What a roster says of a student."""

    first: str = ""
    last: str = ""
    email: str = ""
    when: str = ""


class Gathering(Protocol):
    """Where submissions are gathered: the folder of a class, and its gradebook."""

    folder: Path

    def gradebook(self) -> Any: ...


def recognise(path: str) -> Found | None:
    """Read a path inside an archive; None where it names nobody.

    >>> recognise("lovelaceada_LATE_4711_90210_03_elbo.ipynb")
    Found(student='lovelaceada_4711', file='03_elbo.ipynb', number='4711', late=True)
    >>> recognise("Ada Lovelace_1327627_assignsubmission_file_/work/03_elbo.ipynb").file
    'work/03_elbo.ipynb'
    >>> recognise("ann/03_elbo.ipynb").student, recognise("readme.txt")
    ('ann', None)
    """
    path = path.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    if not parts or "__MACOSX" in parts or parts[-1].startswith("._"):
        return None
    path = "/".join(parts)
    for start in range(len(parts)):  # a folder of the archive's own may stand before it
        match = MOODLE.fullmatch("/".join(parts[start:]))
        if match:
            return Found(
                f"{match['name']}_{match['number']}",
                match["path"] or match["flat"],
                match["number"],
            )
    match = ANONYMOUS.fullmatch(path) or CANVAS.fullmatch(path)
    if match:
        name = match.groupdict().get("name") or "anon"
        return Found(
            f"{name}_{match['number']}", match["flat"], match["number"], bool(match["late"])
        )
    return Found(parts[0], "/".join(parts[1:])) if len(parts) > 1 else None


def people(path: Path) -> dict[str, Person]:
    """A roster by number: Canvas's exported gradebook, or Moodle's grading worksheet."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = [line for line in csv.DictReader(file) if any(line.values())]
    found = {}
    for line in lines:
        canvas = "Student" in line and "ID" in line
        number = (line.get("ID") if canvas else line.get("Identifier") or "") or ""
        name = (line.get("Student") if canvas else line.get("Full name")) or ""
        number = number.removeprefix("Participant ").strip()
        if number:
            last, _, first = name.partition(", ") if ", " in name else name.rpartition(" ")[::-1]
            found[number] = Person(
                first,
                last,
                line.get("Email address") or "",
                line.get("Last modified (submission)") or "",
            )
    if not found:
        raise ValueError(
            f"{path.name} is neither Canvas's gradebook (columns Student, ID) nor Moodle's worksheet (column Identifier)"
        )
    return found


def collect(
    group: Gathering,
    unit: str,
    sources: list[Path],
    roster: dict[str, Person] | None = None,
    zone: str = "UTC",
) -> dict[str, list[str]]:
    """Put everything where the driver looks, ``submitted/STUDENT/UNIT``; what was there and differs moves to ``replaced/``.

    Returns:
        What to tell: names by what is to be said of them: ``collected``, ``replaced``, ``late``, ``not recognised``, ``too large``,
        ``time not read``.
    """
    kinds = ("collected", "replaced", "late", "not recognised", "too large", "time not read")
    told: dict[str, list[str]] = {kind: [] for kind in kinds}
    files: dict[str, list[tuple[Found, bytes]]] = {}
    for source in sources:
        for path, data in _contents(source, told):
            found = recognise(path)
            if found is None:
                told["not recognised"].append(path)
                continue
            files.setdefault(found.student, []).append((found, data))
    with group.gradebook() as gradebook:
        for student, mine in sorted(files.items()):
            number = mine[0][0].number
            person = (roster or {}).get(number, Person())
            known: dict[str, Any] = {
                "first_name": person.first,
                "last_name": person.last,
                "email": person.email,
                "lms_user_id": number,
            }
            gradebook.update_or_create_student(
                safe_id(student), **{key: value for key, value in known.items() if value}
            )
            place = group.folder / "submitted" / student.encode("utf-8", "replace").decode() / unit
            before = {
                path.relative_to(place).as_posix(): path.read_bytes() for path in _files(place)
            }
            after = {
                found.file: data for found, data in mine if found.file.casefold() != "timestamp.txt"
            }  # students do not tell the time
            try:
                stamp = in_utc(person.when, zone) if person.when.strip(" -") else ""
            except (ValueError, OverflowError):
                told["time not read"].append(f"{student} ({person.when})")
                stamp = ""
            if stamp:
                after["timestamp.txt"] = stamp.encode()
            if before == after:
                continue
            if before:
                shutil.move(
                    place, group.folder / "replaced" / f"{time.time_ns()}" / safe_id(student) / unit
                )
                told["replaced"].append(student)
            for name, data in after.items():
                target = place.joinpath(
                    *(
                        part.encode()[-200:].decode(errors="ignore")
                        for part in PurePosixPath(name).parts
                    )
                )
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            told["collected"].append(student)
            if any(found.late for found, _ in mine):
                told["late"].append(student)
    return told


def _contents(source: Path, told: dict[str, list[str]]) -> Iterator[tuple[str, bytes]]:
    """Every ordinary file of a zip or a folder, no larger than a submission may be."""
    if source.is_dir():
        for path in _files(source):
            yield from _sized(
                path.relative_to(source).as_posix(), path.stat().st_size, path.read_bytes, told
            )
        return
    with zipfile.ZipFile(io.BytesIO(source.read_bytes())) as archive:
        for member in archive.infolist():
            if not member.is_dir() and not stat.S_ISLNK(member.external_attr >> 16):
                yield from _sized(
                    member.filename,
                    member.file_size,
                    lambda member=member: archive.read(member),
                    told,
                )


def _sized(
    name: str, size: int, read: Any, told: dict[str, list[str]]
) -> Iterator[tuple[str, bytes]]:
    if size > LIMITS.file:
        told["too large"].append(name)
        yield (
            name,
            f"{size:,} bytes; {LIMITS.file:,} is the most".encode(),
        )  # the student is not lost: a reason follows
    else:
        yield name, read()


def _files(folder: Path) -> list[Path]:
    return (
        sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        if folder.is_dir()
        else []
    )
