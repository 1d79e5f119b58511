"""What an archive or a folder holds, written to disk piece by piece: nothing is unpacked in memory, and nothing beyond a limit.

A file that is too large, damaged or locked by a password costs its owner that file and nobody anything else: a sentence takes
its place, under its name and ``.not_collected.txt``, so that the student has a reason.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from autograder.intake.limits import LIMITS
from autograder.intake.names import printable

__all__ = ["NOT_COLLECTED", "Archive", "Member", "digest", "files"]

NOT_COLLECTED = ".not_collected.txt"
PIECE = 1 << 20
DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One ordinary file of an archive: its path there, its size as the archive says, and how to open it."""

    path: str
    size: int
    open: Callable[[], IO[bytes]]

    def write(self, target: Path, most: int = LIMITS.archive) -> str:
        """Copy it, byte for byte; why not, if that was not possible. ``target`` then holds nothing."""
        if self.size > most:
            return f"too large: {self.size:,} bytes; {most:,} is the most"
        try:
            with self.open() as source, target.open("wb") as file:
                written = 0
                while piece := source.read(PIECE):
                    written += len(piece)
                    if written > most:
                        raise ValueError(f"it unpacks to more than {most:,} bytes")
                    file.write(piece)
        except DAMAGED as error:
            target.unlink(missing_ok=True)
            if isinstance(error, OSError) and not isinstance(error, zipfile.BadZipFile):
                raise  # our own disk
            return f"damaged: {printable(str(error), 200)}"
        return ""


class Archive:
    """A zip file, or a folder.

    Raises:
        ValueError: it is neither.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self.zip: zipfile.ZipFile | None = None
        if not source.is_dir():
            try:
                self.zip = zipfile.ZipFile(source)
            except (zipfile.BadZipFile, OSError) as error:
                raise ValueError(f"{source} is no zip file and no folder: {error}") from None

    def members(self) -> Iterator[Member]:
        """Every ordinary file; links and special files are left out."""
        if self.zip is None:
            for path in files(self.source):
                yield Member(
                    path.relative_to(self.source).as_posix(),
                    path.stat().st_size,
                    partial(_reader, path),
                )
            return
        archive = self.zip
        for info in archive.infolist():
            if not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16):
                yield Member(info.filename, info.file_size, partial(archive.open, info))


def files(folder: Path) -> list[Path]:
    """The ordinary files below a folder, in order; no links."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def digest(path: Path) -> str:
    """SHA-256 of a file, read piece by piece."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def room(folder: Path) -> int:
    """Bytes that may be written below a folder: what is free, but for a tenth."""
    return int(shutil.disk_usage(folder).free * 0.9)


def _reader(path: Path) -> IO[bytes]:
    return path.open("rb")
