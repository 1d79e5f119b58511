"""Whose a file of an archive is. How an archive is laid out is decided once, for all of its files.

Canvas calls a file ``lovelaceada_LATE_4711_90210_03_elbo.ipynb`` (name, lateness, numbers of student and file), Moodle
``Ada Lovelace_1327627_assignsubmission_file_/03_elbo.ipynb`` (a folder or a name that begins so); else there is a folder for each
student. A name inside a student's folder is the student's own choice, and says nothing of whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Ambiguous", "Found", "Layout", "layout", "recognise"]

MOODLE = re.compile(
    r"(?P<name>[^/]+)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)_?(?:/(?P<path>.+)|(?P<flat>[^/]+))"
)
CANVAS = re.compile(
    r"(?P<name>[^\W\d_]\w*?)_(?P<late>LATE_)?(?P<number>\d+)_(?P<file>\d+)_(?P<flat>[^/]+)"
)
ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<number>\w+?)_(?P<file>\d+)_(?P<flat>[^/]+)")


class Ambiguous(ValueError):
    """An archive, or something in it, that can be read in two ways; the message says which, and what decides."""


@dataclass(frozen=True)
class Found:
    """Whose a file of an archive is, and what it is called there."""

    student: str
    file: str
    number: str = ""
    late: bool = False


@dataclass(frozen=True)
class Layout:
    """``kind`` is ``moodle``, ``canvas`` or ``folders``; ``depth`` folders of the archive's own stand before a student's."""

    kind: str
    depth: int = 0

    def read(self, path: str) -> Found | None:
        """Whose a file is; None where it names nobody."""
        parts = _parts(path)[self.depth :]
        return _found(self.kind, parts) if parts else None


def layout(paths: Iterable[str], numbers: Sequence[str] = (), sure: bool = True) -> Layout:
    """How an archive is laid out.

    Args:
        paths: of all its files.
        numbers: of the roster; they tell a folder of the archive's own from a student's.
        sure: refuse what could be read in two ways.

    Raises:
        Ambiguous: it could be read in two ways.

    >>> layout(["ann/03_elbo.ipynb", "bob/03_elbo_2026_05_01.ipynb", "eve/ann_1_assignsubmission_file_/03_elbo.ipynb"])
    Layout(kind='folders', depth=0)
    """
    listed = [parts for parts in map(_parts, paths) if parts]
    depth = 0
    while listed:
        for kind in ("moodle", "canvas"):
            found = [_found(kind, parts[depth:]) for parts in listed]
            theirs = [each for each in found if each is not None]
            if not theirs:
                continue
            foreign = [parts for each, parts in zip(found, listed, strict=True) if not each and len(parts) > depth + 1]  # fmt: skip
            if foreign and depth == 0:
                raise Ambiguous(
                    f"{'/'.join(listed[found.index(theirs[0])])} is named as {kind.title()} names files, and "
                    f"{'/'.join(foreign[0])} lies in a folder of its own: one archive, two layouts. Collect them one by one."
                )
            several = len({each.student for each in theirs}) > 1
            known = all(each.number in numbers for each in theirs)
            if foreign or (depth and sure and not several and not known):
                continue
            return Layout(kind, depth)
        if len({parts[depth] for parts in listed}) > 1 or any(
            len(parts) <= depth + 1 for parts in listed
        ):
            break
        depth += 1
    inner = {parts[1] for parts in listed if len(parts) > 2}
    if sure and len(inner) > 1 and len({parts[0] for parts in listed}) == 1:
        raise Ambiguous(
            f"all files lie in the one folder {listed[0][0]!r}, in {len(inner)} others: is that a student, or a folder of students? "
            "Collect the folder of the students itself, unpacked."
        )
    return Layout("folders")


def recognise(path: str) -> Found | None:
    """Read one path without the others of its archive; None where it names nobody.

    >>> recognise("lovelaceada_LATE_4711_90210_03_elbo.ipynb")
    Found(student='lovelaceada_4711', file='03_elbo.ipynb', number='4711', late=True)
    >>> recognise("Ada Lovelace_1327627_assignsubmission_file_/work/03_elbo.ipynb").file
    'work/03_elbo.ipynb'
    >>> recognise("ann/03_elbo.ipynb").student, recognise("readme.txt")
    ('ann', None)
    """
    return layout([path], sure=False).read(path)


def _parts(path: str) -> list[str]:
    """The parts of a path that count; none for what an operating system leaves beside files."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return [] if not parts or "__MACOSX" in parts or parts[-1].startswith("._") else parts


def _found(kind: str, parts: list[str]) -> Found | None:
    path = "/".join(parts)
    if kind == "folders":
        return Found(parts[0], "/".join(parts[1:])) if len(parts) > 1 else None
    if kind == "moodle":
        match = MOODLE.fullmatch(path)
        number = match["number"] if match else ""
        return Found(f"{match['name']}_{number}", match["path"] or match["flat"], number) if match else None  # fmt: skip
    match = ANONYMOUS.fullmatch(path) or CANVAS.fullmatch(path)
    if not match:
        return None
    name = match.groupdict().get("name") or "anon"
    return Found(f"{name}_{match['number']}", match["flat"], match["number"], bool(match["late"]))
