"""The cells that nbgrader knows of a problem set: as they were released, and as the gradebook has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.intake.text import bare

__all__ = ["Template", "from_gradebook", "from_release", "released_cells"]


@dataclass(frozen=True)
class Template:
    """A cell that nbgrader knows: its name, what nbgrader's metadata say of it, and what was released.

    Of an answer in words also the text that stood ``before`` it, and all ``prose`` of the release: its place.
    """

    name: str
    cell_type: str
    source: str
    id: str = ""
    grade: bool = False
    solution: bool = False
    task: bool = False
    locked: bool = False
    points: float = 0.0
    checksum: str = ""
    before: str = ""
    prose: frozenset[str] = frozenset()

    @property
    def answer(self) -> bool:
        """Whether the text of this cell is the student's."""
        return self.solution or self.task

    @property
    def exercise(self) -> str:
        return self.name.removesuffix("_answer")

    def metadata(self) -> NotebookNode:
        """nbgrader's metadata, schema 3."""
        marks: dict[str, Any] = {
            "schema_version": 3, "grade_id": self.name, "grade": self.grade, "solution": self.solution, "task": self.task,
            "locked": self.locked, "cell_type": self.cell_type,
        }  # fmt: skip
        if self.grade or self.task:
            marks["points"] = self.points
        if self.checksum:
            marks["checksum"] = self.checksum
        return nbformat.from_dict(marks)


def from_release(release: NotebookNode) -> list[Template]:
    """The cells that nbgrader knows, in the order of the released notebook."""
    found: list[Template] = []
    prose = frozenset(bare(cell.source) for cell in release.cells if cell.cell_type != "code")
    before = ""
    for cell in release.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade_id"):
            in_words = bool(marks.get("solution")) and cell.cell_type != "code"
            found.append(
                Template(
                    marks["grade_id"],
                    cell.cell_type,
                    cell.source,
                    cell.id,
                    grade=bool(marks.get("grade")),
                    solution=bool(marks.get("solution")),
                    task=bool(marks.get("task")),
                    locked=bool(marks.get("locked")),
                    points=float(marks.get("points", 0.0)),
                    checksum=marks.get("checksum", ""),
                    before=before if in_words else "",
                    prose=prose if in_words else frozenset(),
                )
            )
        before = bare(cell.source)
    return found


def released_cells(path: Path) -> list[Template]:
    """``from_release`` of a file, which is read again only when it has changed."""
    about = path.stat()
    return list(_read(path, about.st_mtime_ns, about.st_size))


@lru_cache(64)
def _read(path: Path, *_: int) -> tuple[Template, ...]:
    return tuple(from_release(nbformat.read(path, as_version=4)))


def from_gradebook(templates: Iterable[Template], notebook: Any) -> list[Template]:
    """The same cells with what the gradebook says of them; ``notebook`` is nbgrader's ``api.Notebook``. The gradebook wins."""
    known = {template.name: template for template in templates}
    graded = {cell.name: cell for cell in notebook.grade_cells}
    tasks = {cell.name: cell for cell in notebook.task_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    found = {}
    for source in notebook.source_cells:
        name = source.name
        worth = graded.get(name) or tasks.get(name)
        old = known.get(
            name, Template(name, source.cell_type, "" if name in solutions else source.source)
        )
        text = (
            old.source if name in solutions or name in tasks else source.source
        )  # of answers the gradebook may hold the mark scheme
        found[name] = replace(
            old, cell_type=source.cell_type, source=text, grade=name in graded, solution=name in solutions, task=name in tasks,
            locked=bool(source.locked), points=float(worth.max_score) if worth else 0.0, checksum=source.checksum or "",
        )  # fmt: skip
    order = [name for name in known if name in found]
    return [found[name] for name in [*order, *(name for name in found if name not in known)]]
