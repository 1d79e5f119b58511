"""``nbgrader zip_collect``, which unpacks to disk first, reads the names that Canvas and Moodle give to files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nbgrader.plugins import FileNameCollectorPlugin

from autograder.intake.archives import files
from autograder.intake.layout import Layout, layout, recognise
from autograder.intake.names import safe_id

__all__ = ["LmsCollector"]


class LmsCollector(FileNameCollectorPlugin):
    """For ``nbgrader zip_collect``: reads the names of Canvas and of Moodle."""

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        parts = Path(submitted_file).parts
        if "extracted" in parts:  # its folder: the archive
            at = parts.index("extracted") + 2
            found = _laid_out(Path(*parts[:at])).read("/".join(parts[at:]))
        else:
            found = recognise(submitted_file)
        if found is None or not found.file.lower().endswith((".ipynb", ".zip")):
            return None
        file = found.file.rsplit("/", 1)[-1]
        file = file.replace("_problems.ipynb", ".ipynb")  # a learner's copy, under nbgrader's name
        return {"student_id": safe_id(found.student), "file_id": file}


@cache
def _laid_out(folder: Path) -> Layout:
    """How an unpacked archive is laid out: decided once, for all of its files."""
    return layout([path.relative_to(folder).as_posix() for path in files(folder)], sure=False)
