"""A report as cells: a notebook, or a text master in jupytext's percent format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nbformat

from autograder.course import UsageError

__all__ = ["Cell", "Page", "read_page"]


@dataclass(frozen=True)
class Cell:
    """One cell; ``stored`` is the text of its stored outputs."""

    number: int
    code: bool
    source: str
    stored: str = ""

    @property
    def where(self) -> str:
        return f"cell {self.number}"


@dataclass(frozen=True)
class Page:
    """All cells of a report, and where it lies."""

    path: Path
    cells: tuple[Cell, ...]

    @property
    def stored(self) -> str:
        return "\n".join(cell.stored for cell in self.cells)


def read_page(path: Path) -> Page:
    """Read a report.

    Raises:
        UsageError: no such file, or no notebook.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    try:
        if path.suffix == ".py":
            import jupytext

            notebook = jupytext.reads(path.read_text("utf-8"), fmt="py:percent")
        else:
            notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise UsageError(
            f"{path.name} cannot be read as a notebook: {type(error).__name__}: {error}"
        ) from None
    cells = [
        Cell(
            number,
            cell.cell_type == "code",
            cell.source,
            "".join(one.get("text", "") for one in cell.get("outputs", [])),
        )
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type in ("code", "markdown")
    ]
    return Page(path, tuple(cells))
