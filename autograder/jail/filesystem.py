"""The file system that a jailed kernel sees: an empty root in memory, and read-only views of what Python needs."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from . import linux

__all__ = ["build", "copy_files"]

SYSTEM = (
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libx32",
    "/usr/local/lib",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
)
DEVICES = (
    "null",
    "full",
    "random",
    "urandom",
)  # shared mappings of /dev/zero are memory that nobody counts
SCRATCH = ("/tmp", "/home", "/dev/shm")
MOST_FILES, MOST_BYTES = 200, 32 << 20


def build(root: str, views: Sequence[str], hidden: Sequence[str], disk: int) -> None:
    """Mount the new root at ``root`` (an empty folder). The caller then moves into it.

    Args:
        views: paths that are shown as they are, for reading.
        hidden: paths below them that must look empty (an installed copy of the checks).
        disk: bytes in each scratch folder.
    """
    linux.tmpfs(root, 4 << 20)
    os.makedirs(root + "/dev")
    for path in SCRATCH:
        os.makedirs(root + path)
        linux.tmpfs(root + path, disk, 0o1777)
    for path in (*SYSTEM, *views):
        _view(root, path)
    for path in hidden:
        if os.path.isdir(root + path):
            linux.tmpfs(root + path, 4096, 0o555)
        elif os.path.exists(root + path):
            linux.bind("/dev/null", root + path, device=True)
    for name in DEVICES:
        open(f"{root}/dev/{name}", "w").close()
        linux.bind(f"/dev/{name}", f"{root}/dev/{name}", device=True)
    for link, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{root}/dev/{link}")
    os.makedirs(root + "/proc")


def _view(root: str, path: str) -> None:
    """Show ``path``, links on the way to it included: a link is remade, its target is not shown by that."""
    parts = path.strip("/").split("/")
    for depth in range(1, len(parts) + 1):
        here = "/" + "/".join(parts[:depth])
        if os.path.islink(here):
            os.makedirs(os.path.dirname(root + here), exist_ok=True)
            if not os.path.lexists(root + here):
                os.symlink(os.readlink(here), root + here)
            _view(root, os.path.realpath(path))
            return
    if not os.path.exists(path) or _shown(root, path):
        return
    if os.path.isdir(path):
        os.makedirs(root + path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        open(root + path, "w").close()
    linux.bind(path, root + path)


def _shown(root: str, path: str) -> bool:
    """Whether a view of this path, or of a folder that holds it, is there already."""
    try:
        a, b = os.stat(path), os.stat(root + path)
    except OSError:
        return False
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)


def copy_files(source: str, target: str) -> list[str]:
    """Copy what lies beside a notebook into the kernel's folder, and say what was left behind.

    Only plain files, no links, no notebooks, no databases; at most 200 files and 32 MB.
    """
    left: list[str] = []
    count = total = 0
    os.makedirs(target, exist_ok=True)
    if not source:
        return left
    for folder, names, files in os.walk(source):
        names[:] = sorted(
            name
            for name in names
            if not name.startswith(".") and not os.path.islink(os.path.join(folder, name))
        )
        for name in sorted(files):
            path = os.path.join(folder, name)
            inside = os.path.relpath(path, source)
            if name.startswith(".") or name.endswith((".ipynb", ".db")) or name == "timestamp.txt":
                continue
            try:
                handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                left.append(inside)
                continue
            with os.fdopen(handle, "rb") as file:
                about = os.fstat(file.fileno())
                if (
                    not stat.S_ISREG(about.st_mode)
                    or count >= MOST_FILES
                    or total + about.st_size > MOST_BYTES
                ):
                    left.append(inside)
                    continue
                data = file.read(MOST_BYTES)
            count, total = count + 1, total + len(data)
            os.makedirs(os.path.dirname(os.path.join(target, inside)), exist_ok=True)
            with open(os.path.join(target, inside), "wb") as file:
                file.write(data)
    return left
