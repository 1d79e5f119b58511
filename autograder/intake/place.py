"""Answers in words whose name is gone: found by their place, or handed to a person with all that was written.

Colab and other editors drop nbgrader's metadata and the ids of cells. A function is found by its name; of a text only its place is left:
between the question and what was released after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nbformat import NotebookNode

from autograder.intake.rejoin import Asked
from autograder.intake.text import bare

__all__ = ["by_place"]

MOST = 20_000  # characters that a person is asked to look through


class Place(Asked, Protocol):
    """And of its place."""

    @property
    def before(self) -> str: ...
    @property
    def prose(self) -> frozenset[str]: ...


def by_place(
    cells: Sequence[NotebookNode], templates: Sequence[Place], claims: dict[int, str], damaged: bool, notes: list[str]
) -> dict[str, str]:  # fmt: skip
    """Enter into ``claims`` the answers in words that stand where they should.

    Returns:
        By name, what a person reads in place of those that were not found, though something else was written or lost.
    """
    lost: dict[str, str] = {}
    before = ""
    for template in templates:
        missing = template.name not in claims.values()
        if missing and template.solution and template.cell_type != "code":
            start = _start(cells, template, claims, before)
            found = _between(cells, start, template, claims)
            exercise = template.name.removesuffix("_answer")
            if found:
                for cell in found:
                    claims[id(cell)] = template.name
                if any(bare(cell.source) != bare(template.source) for cell in found):
                    notes.append(f"The answer to {exercise} had lost its mark; it was found by its place.")  # fmt: skip
            elif words := _words(cells, template, claims, damaged):
                lost[template.name] = words
                notes.append(f"The answer to {exercise} was not found. A person will look for it.")
        else:
            before = template.name
    return lost


def _start(
    cells: Sequence[NotebookNode], template: Place, claims: dict[int, str], before: str
) -> int | None:
    """The index behind the question; else behind the last released cell before it that is there."""
    for index in range(len(cells) - 1, -1, -1):
        if template.before and bare(cells[index].source) == template.before:
            return index + 1
    there = [index for index, cell in enumerate(cells) if before and claims.get(id(cell)) == before]
    return there[-1] + 1 if there else None


def _free(cell: NotebookNode, template: Place, claims: dict[int, str]) -> bool:
    """Whether a cell is text of the student's own, or the stub."""
    text = bare(cell.source)
    own = text not in template.prose or text == bare(template.source)
    return id(cell) not in claims and cell.cell_type != "code" and bool(text) and own


def _between(
    cells: Sequence[NotebookNode], start: int | None, template: Place, claims: dict[int, str]
) -> list[NotebookNode]:
    """Texts from there up to the next cell that was released."""
    found: list[NotebookNode] = []
    for cell in cells[start:] if start is not None else ():
        if _free(cell, template, claims):
            found.append(cell)
        elif bare(cell.source) and cell.cell_type != "code":
            break
        elif id(cell) in claims:
            break
    return found


def _words(
    cells: Sequence[NotebookNode], template: Place, claims: dict[int, str], damaged: bool
) -> str:
    """All that was written in words, for a person to look through; nothing where there is nothing."""
    free = [cell.source for cell in cells if _free(cell, template, claims)]
    own = [text for text in free if bare(text) != bare(template.source)]
    if not own and not damaged:
        return ""
    said = "This answer lost its place."
    if damaged:
        said = "The file was damaged, and this answer may have been lost with a part of it."
    rest = " What else was written in the notebook:\n\n" + "\n\n---\n\n".join(own) if own else ""
    return f"*({said})*{rest}"[:MOST]
