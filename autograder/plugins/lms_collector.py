"""``nbgrader zip_collect``, which unpacks to disk first, reads the names that Canvas and Moodle give to files."""

from __future__ import annotations

from pathlib import Path

from nbgrader.plugins import FileNameCollectorPlugin

from autograder.intake.collect import recognise
from autograder.intake.names import safe_id

__all__ = ["LmsCollector"]


class LmsCollector(FileNameCollectorPlugin):
    """For ``nbgrader zip_collect``: reads the names of Canvas and of Moodle."""

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        parts = Path(submitted_file).parts
        inside = (
            "/".join(parts[parts.index("extracted") + 2 :])
            if "extracted" in parts
            else submitted_file
        )  # its folder: the archive
        found = recognise(inside)
        if found is None or not found.file.lower().endswith((".ipynb", ".zip")):
            return None
        return {"student_id": safe_id(found.student), "file_id": found.file.rsplit("/", 1)[-1]}
