"""nbconvert's notebook exporter, for ``Autograde``: it reads damaged files, and notes what was repaired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter

from autograder.intake.companions import companions
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
        notebook, notes = repair(content(path, LIMITS.archive))
        notes += self._bring_modules(path, resources or {})
        notebook.metadata["course_vi"] = nbformat.from_dict({"repairs": notes})
        resources = resources or {}
        resources.setdefault("metadata", {}).update(name=path.stem, path=str(path.parent))
        return self.from_notebook_node(notebook, resources=resources, **kw)

    def _bring_modules(self, path: Path, resources: Any) -> list[str]:
        """Copy modules of the student's own to where the notebook runs. nbgrader leaves all ``*.py`` behind: masters are such files."""
        converter: Any = self.parent
        about, notes = resources.get("nbgrader", {}), list[str]()
        if not {"assignment", "student"} <= about.keys():
            return notes
        target = Path(converter._format_dest(about["assignment"], about["student"]))
        for name, data in companions(path.parent, path.name, notes).items():
            if name.endswith(".py"):
                place = target / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
        return notes
