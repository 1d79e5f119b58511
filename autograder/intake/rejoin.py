"""Answers that a slip took apart: split in the middle of a function, or written below the check that asks for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Protocol

from nbformat import NotebookNode

from autograder.intake.text import bare

__all__ = ["Asked", "below", "defined", "join_split"]


class Asked(Protocol):
    """What is asked of a template."""

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def cell_type(self) -> str: ...
    @property
    def solution(self) -> bool: ...


def defined(source: str) -> list[str]:
    """The functions and classes that a cell defines; of a cell that is no Python, what looks like definitions."""
    tree = _parsed(source)
    if tree is None:
        return re.findall(r"(?m)^(?:def|class)\s+(\w+)", source)
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]


def join_split(
    cells: list[NotebookNode], templates: Sequence[Asked], claims: dict[int, str], notes: list[str]
) -> None:
    """Put together, in place, an answer and the code cell behind it, where that one is no Python alone and both are together."""
    answers = {t.name for t in templates if t.solution and t.cell_type == "code"}
    index = 0
    while index + 1 < len(cells):
        cell, following = cells[index], cells[index + 1]
        name = claims.get(id(cell), "")
        whole = f"{cell.source}\n{following.source}"
        if (
            name in answers
            and cell.cell_type == following.cell_type == "code"
            and claims.get(id(following), name) == name
            and _parsed(following.source) is None
            and _parsed(whole) is not None
        ):
            cell.source = whole
            claims.pop(id(following), None)
            del cells[index + 1]
            notes.append(f"The answer to {name.removesuffix('_answer')} was split in two cells; they were joined.")  # fmt: skip
        else:
            index += 1


def below(
    cells: Sequence[NotebookNode], check: NotebookNode, answer: NotebookNode, stub: str
) -> NotebookNode | None:
    """The last ordinary cell behind a check that defines what it asks for, if the answer's own cell is still the stub."""
    wanted = set(defined(stub))
    if not wanted or bare(answer.source) not in (bare(stub), "# This cell was missing."):
        return None
    found, seen = None, False
    for cell in cells:
        seen |= cell is check
        free = cell.cell_type == "code" and "nbgrader" not in cell.metadata
        if seen and free and wanted & set(defined(cell.source)):
            found = cell
    return found


def _parsed(source: str) -> ast.Module | None:
    """The tree of a cell; None where it is no Python. Magics and shell commands count as Python of IPython's."""
    plain = re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source)
    try:
        return ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
