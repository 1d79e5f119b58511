"""Find the one notebook in whatever a student handed in, and copy out nothing else.

Accepted are ``03_elbo (1).ipynb``, ``03_ELBO.ipynb``, ``my solution.ipynb``, a notebook in a subfolder, and one level of zip. Links are not
followed, special files are not opened, and a zip is measured before it is unpacked. What was handed in is never changed.
"""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode

from autograder.intake.archives import NOT_COLLECTED
from autograder.intake.limits import LIMITS, Limits, Refusal
from autograder.intake.names import printable
from autograder.intake.repair import is_damaged, repair
from autograder.intake.restore import MISSING, restore
from autograder.intake.template import Template
from autograder.intake.text import bare

__all__ = ["Submission", "content", "likeness", "read", "take_in", "walk"]

SKIPPED = {".ipynb_checkpoints", "__MACOSX", "__pycache__"}


@dataclass(frozen=True)
class Submission:
    """A notebook ready for nbgrader, and what was done to make it so."""

    notebook: NotebookNode
    notes: tuple[str, ...] = ()
    found_as: str = ""


@dataclass(frozen=True)
class _File:
    name: str
    data: bytes
    modified: float = 0.0


def take_in(
    folder: Path, unit: str, templates: Sequence[Template], limits: Limits = LIMITS
) -> Submission:
    """The student's notebook for ``unit``, mended and restored.

    Args:
        folder: what was handed in, such as ``submitted/ann/03_elbo``.
        templates: the cells that nbgrader knows; see ``restore``.

    Raises:
        Refusal: no notebook in it can be graded; its ``reason`` and sentence say why.
    """
    notes: list[str] = []
    best: tuple[tuple[int, int, float, str], Submission] | None = None
    answered: dict[str, int] = {}
    problem: Refusal | None = None
    files = read(folder, notes, limits)
    for file in files:
        try:
            notebook, mended = repair(file.data, limits)
        except Refusal as refusal:
            problem = problem or refusal
            continue
        own = _belongs(notebook, templates)
        restored = restore(notebook, templates, damaged=is_damaged(mended))
        if not own:
            problem = problem or Refusal("another_unit", file.name)
            continue
        count = _answered(notebook, templates)
        answered[file.name] = count
        rank = (count, likeness(file.name, unit), file.modified, file.name)
        if best is None or rank > best[0]:
            best = rank, Submission(notebook, (*mended, *restored), file.name)
    if best is None:
        raise problem or Refusal("empty", "; ".join(notes)[:300])
    found = best[1]
    if found.found_as not in (f"{unit}.ipynb", f"{unit}_problems.ipynb"):
        notes.append(f"The notebook was found as {found.found_as[:200]!r}.")
    if len(files) > 1:
        others = "; ".join(
            f"{name[:80]!r} with {count}"
            for name, count in answered.items()
            if name != found.found_as
        )
        notes.append(
            f"There were {len(files)} notebooks. {found.found_as[:80]!r} was graded: it has the most answers, "
            f"{answered[found.found_as]}{f' (not graded: {others})' * bool(others)}."
        )
    return Submission(found.notebook, (*notes, *found.notes), found.found_as)


def read(folder: Path, notes: list[str], limits: Limits = LIMITS) -> list[_File]:
    """Every notebook below ``folder``; links, special files and what is too much are told in ``notes``, or refused."""
    found: list[_File] = []
    refused: Refusal | None = None
    left = 2 * limits.archive  # of all files together
    for path in walk(folder, limits, notes):
        name = path.relative_to(folder).as_posix()
        lower = name.lower()
        if lower.endswith(NOT_COLLECTED):
            notes.append(printable(content(path, 10_000).decode("utf-8", "replace")))
        if not lower.endswith((".ipynb", ".zip", ".json", ".ipynb.txt")):
            continue
        try:
            data = content(path, min(limits.archive, left))
            left -= len(data)
            found += (
                _unzip(name, data, limits)
                if lower.endswith(".zip")
                else [_File(_utf8(name), data, path.lstat().st_mtime)]
            )
        except Refusal as refusal:
            refused = refused or refusal
            notes.append(f"{_utf8(name)[:100]!r} was not read: {refusal}.")
    if not found and refused is not None:
        raise refused
    return found


def walk(folder: Path, limits: Limits, notes: list[str]) -> Iterator[Path]:
    """Paths of files, in order; neither links nor hidden rubbish, no deeper and no more than the limits."""
    waiting, count = [(folder, 0)], 0
    while waiting:
        here, depth = waiting.pop(0)
        try:
            if here.is_symlink():
                raise Refusal("link", "a folder")
            entries = sorted(os.scandir(here), key=lambda entry: os.fsencode(entry.name))
        except (PermissionError, NotADirectoryError, FileNotFoundError) as error:
            if here == folder:
                raise Refusal("denied" if isinstance(error, PermissionError) else "empty") from None
            continue
        for entry in entries:
            count += 1
            if count > limits.files:
                notes.append(
                    f"There were more than {limits.files} files; the others were not looked at."
                )
                return
            if entry.name in SKIPPED or entry.name.startswith("._"):
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth < limits.depth:
                    waiting.append((Path(entry.path), depth + 1))
            else:
                yield Path(entry.path)


def content(path: Path, most: int) -> bytes:
    """The content of an ordinary file. It is opened without following a link and without waiting, and looked at before it is read."""
    flags = (
        os.O_RDONLY
        | getattr(os, "O_NOFOLLOW", 0)
        | getattr(os, "O_NONBLOCK", 0)
        | getattr(os, "O_BINARY", 0)
    )
    if path.is_symlink():
        raise Refusal("link", "a symbolic link")
    try:
        handle = os.open(path, flags)
    except PermissionError:
        raise Refusal("denied") from None
    except OSError as error:
        raise Refusal("special", error.strerror or "") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise Refusal("special", "a pipe, socket or device")
        if status.st_nlink > 1:
            raise Refusal("link", "a hard link: the same file has another name elsewhere")
        if status.st_size > most:
            raise Refusal(
                "too_large", f"{status.st_size / 1e6:.0f} MB; {most / 1e6:.0f} MB is the most"
            )
        try:
            return file.read(most + 1)
        except OSError as error:
            raise Refusal("denied", error.strerror or "it cannot be read") from None


def _unzip(name: str, data: bytes, limits: Limits) -> list[_File]:
    """The notebooks of an archive, read in memory: nothing is unpacked to disk, so no name in it can lead anywhere."""
    found, total = [], 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > limits.files:
                raise Refusal("bomb", f"{len(members):,} files")
            for member in members:
                inside = PurePosixPath(member.filename.replace("\\", "/"))
                if (
                    member.is_dir()
                    or SKIPPED & set(inside.parts)
                    or inside.name.startswith("._")
                    or inside.suffix.lower() != ".ipynb"
                ):
                    continue
                if stat.S_ISLNK(member.external_attr >> 16):
                    continue
                total += member.file_size
                if total > limits.archive or member.file_size > limits.file:
                    raise Refusal("bomb", f"more than {limits.archive / 1e6:.0f} MB")
                with archive.open(member) as file:
                    content = file.read(
                        limits.file + 1
                    )  # what the directory of the archive says may be a lie
                if len(content) > limits.file:
                    raise Refusal("bomb", f"more than {limits.file / 1e6:.0f} MB")
                found.append(_File(_utf8(f"{name}/{inside.as_posix()}"), content))
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        OverflowError,
    ) as error:
        raise Refusal("archive", str(error)[:100]) from None
    return found


def _belongs(notebook: NotebookNode, templates: Sequence[Template]) -> bool:
    """Whether anything in a mended notebook, before it is restored, comes from this problem set and from no other.

    Names, ids, the functions asked for and the cells with checks are a unit's own. What all units share, the stub of
    a written answer or an import, is no sign.
    """
    names, ids = {template.name for template in templates}, {template.id for template in templates}
    texts = {bare(t.source) for t in templates if not t.answer and bare(t.source) and (t.grade or t.cell_type != "code")}  # fmt: skip
    functions = {
        line.split("(")[0].split(":")[0]
        for template in templates
        for line in template.source.splitlines()
        if line[:4] == "def "
    }
    told = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells} - {None}
    if told:  # it says itself whose it is
        return bool(told & names)
    return any(
        cell.id in ids
        or bare(cell.source) in texts
        or any(line.split("(")[0] in functions for line in cell.source.splitlines())
        for cell in notebook.cells
    )


def _answered(notebook: NotebookNode, templates: Sequence[Template]) -> int:
    """How many answers are not what was released."""
    released = {template.name: bare(template.source) for template in templates if template.answer}
    named = [(cell.metadata.get("nbgrader", {}).get("grade_id"), cell) for cell in notebook.cells]
    return sum(
        name in released and cell.source != MISSING and bare(cell.source) != released[name]
        for name, cell in named
    )


def likeness(name: str, unit: str) -> int:
    """How much a file's name looks like the released one: 3 equal, 2 but for its place, 1 but for case, copies and signs.

    In a learner's folder a problem set is called ``03_elbo_problems.ipynb``, and the lecture has the other name.
    """
    last = PurePosixPath(name).name
    plain = re.sub(
        r"(?i)(\.ipynb|\.json|\.txt)+$|[ _-]*(\(\d+\)|copy\d*|\.updated(-\d+)?)", "", last
    )
    plain = re.sub(r"(?i)[ _-]*problems$", "", plain)
    if name in (f"{unit}.ipynb", f"{unit}_problems.ipynb"):
        return 3
    if last in (f"{unit}.ipynb", f"{unit}_problems.ipynb"):
        return 2
    return int(re.sub(r"\W|_", "", plain.lower()) == re.sub(r"\W|_", "", unit.lower()))


def _utf8(name: str) -> str:
    """A file's name as text that can be written, and printed, anywhere."""
    return printable(name.encode("utf-8", "replace").decode("utf-8"), 1_000)
