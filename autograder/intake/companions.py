"""What lies beside a notebook and goes with it: data that it reads, and modules of the student's own. Both roads of grading ask here.

A module that is called like an installed one, or like one of Python's, stays behind: it would take that one's place in the kernel. So do
files that IPython and Jupyter read by themselves.
"""

from __future__ import annotations

import importlib.util
import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path, PurePosixPath

from autograder.intake.archives import NOT_COLLECTED
from autograder.intake.limits import LIMITS, Refusal

__all__ = ["companions", "goes_along"]

MOST_FILES, MOST_BYTES = 500, 64_000_000
NOTEBOOKS = (".ipynb", ".zip", ".pyc", NOT_COLLECTED)
READ_UNASKED = re.compile(
    r"(?i)(ipython|ipykernel|jupyter|jupytext|nbgrader).*\.(py|json|toml|cfg)|(site|user)customize\.py|conftest\.py|.*\.pth"
)


def goes_along(name: str) -> bool:
    """Whether a file of this name, relative to the notebook's folder, goes with the notebook.

    >>> [goes_along(name) for name in ("data.txt", "helpers.py", "mine/util.py", "torch.py", "random.py", ".cfg", "x.ipynb")]
    [True, True, True, False, False, False, False]
    """
    parts = PurePosixPath(name).parts
    if name.casefold() == "timestamp.txt" or name.lower().endswith(NOTEBOOKS):
        return False
    if any(part.startswith((".", "__")) and part != "__init__.py" for part in parts):
        return False
    if READ_UNASKED.fullmatch(parts[-1]):
        return False
    return not name.endswith(".py") or not _taken(parts[0].removesuffix(".py"))


@cache
def _taken(module: str) -> bool:
    """Whether a module of this name is there already, for every kernel."""
    if module in sys.stdlib_module_names or module == "__init__":
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return True


def companions(folder: Path, notebook: str, notes: list[str]) -> dict[str, bytes]:
    """The files that go with a notebook, by their names relative to its folder; what stays behind is told in ``notes``.

    Args:
        folder: what was handed in.
        notebook: where in it the notebook was found, such as ``ps/03_elbo.ipynb`` or ``work.zip/ps/03_elbo.ipynb``.
    """
    found: dict[str, bytes] = {}
    behind: list[str] = []
    left = MOST_BYTES
    for name, size, read in _beside(folder, notebook):
        if not goes_along(name):
            if name.endswith(".py"):
                behind.append(name)
            continue
        if len(found) >= MOST_FILES or size > left:
            behind.append(name)
            continue
        try:
            found[name] = read()
        except (Refusal, OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
            behind.append(name)
            continue
        left -= len(found[name])
    if behind:
        listed = ", ".join(repr(name[:80]) for name in behind[:10])
        notes.append(f"Of what lay beside the notebook this was left behind: {listed}{' ...' * (len(behind) > 10)}.")  # fmt: skip
    return found


def _beside(folder: Path, notebook: str) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """(name, size, how to read it) of the files in the notebook's folder and below it."""
    from autograder.intake.read import content, walk

    inside = PurePosixPath(notebook).parts
    zipped = next((n for n, part in enumerate(inside[:-1]) if part.lower().endswith(".zip")), None)
    if zipped is None:
        here = folder.joinpath(*inside[:-1])
        for file in walk(here, LIMITS, []):
            if not file.is_symlink() and file.is_file():
                yield file.relative_to(here).as_posix(), file.stat().st_size, partial(content, file, MOST_BYTES)  # fmt: skip
        return
    try:
        data = content(folder.joinpath(*inside[: zipped + 1]), LIMITS.archive)
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (Refusal, zipfile.BadZipFile):
        return
    prefix = "/".join(inside[zipped + 1 : -1])
    for info in archive.infolist()[: LIMITS.files]:
        path = info.filename.replace("\\", "/")
        name = path.removeprefix(f"{prefix}/") if prefix else path
        mine = not info.is_dir() and path.startswith(f"{prefix}/" if prefix else "")
        if mine and ".." not in name.split("/") and not name.startswith("/"):
            yield name, info.file_size, partial(archive.read, info)
