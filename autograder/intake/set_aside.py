"""Links and special files of a submission, moved out of the way before nbgrader copies what lies beside a notebook."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["set_aside"]


def set_aside(notebooks: list[str]) -> list[Path]:
    """Move links and special files out of the folders of these notebooks: stock nbgrader would copy what links point to.

    They are kept, untouched, in a folder ``set_aside`` beside ``submitted``. Returns their new places. The notebooks themselves stay, to be
    refused by name when they are read.
    """
    moved = []
    for folder in sorted({Path(notebook).parent for notebook in notebooks}):
        for path in [
            Path(where) / name
            for where, folders, files in os.walk(folder)
            for name in (*folders, *files)
        ]:
            status = path.lstat()
            ordinary = stat.S_ISDIR(status.st_mode) or (
                stat.S_ISREG(status.st_mode) and status.st_nlink == 1
            )
            if not ordinary and str(path) not in notebooks:
                place = (
                    folder.parents[2]
                    / "set_aside"
                    / folder.parent.name
                    / folder.name
                    / path.relative_to(folder)
                )
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, place)
                moved.append(place)
    return moved
