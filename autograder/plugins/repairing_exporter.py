"""nbconvert's notebook exporter, for ``Autograde``: it reads damaged files, and notes what was repaired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter

from autograder.intake.limits import LIMITS
from autograder.intake.read import content
from autograder.intake.repair import repair

__all__ = ["RepairingExporter"]


class RepairingExporter(NotebookExporter):
    """nbconvert's notebook exporter, which reads what a student handed in through ``repair``."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> tuple[Any, Any]:
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kw)
        path = Path(filename)
        notebook, notes = repair(content(path, LIMITS.file))
        notebook.metadata["course_vi"] = nbformat.from_dict({"repairs": notes})
        resources = resources or {}
        resources.setdefault("metadata", {}).update(name=path.stem, path=str(path.parent))
        return self.from_notebook_node(notebook, resources=resources, **kw)
