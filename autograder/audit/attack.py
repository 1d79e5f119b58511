"""Notebooks that try to get marks that were not earned, to harm others, or to use a machine up: each with its honest score.

``autograder/audit/attacks/NAME.py`` is one submission to unit 03. Its docstring says what it does, and then::

    base: untouched | solved     what the other cells hold
    honest: nothing | all | all but 03_gap, 03_net_bit_rate      what it deserves
    stock: run | not run: why    whether stock nbgrader may be shown it

The code below is cut at ``# %%`` lines: ``top`` goes into a cell of its own after the imports, ``last`` behind all answers (which then
stand in one cell), ``03_gap`` takes the place of an answer, and ``notebook`` is run on the file itself, with ``nb`` and ``folder``. ``top
from NAME`` is the top of another attack, whose tools this one uses. An attacker knows everything that can be known: ``ROOT``, ``CLASS``,
``GRADEBOOK``, ``RUNTIME`` and ``PORT`` (of a listener on this machine) are defined.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.units import exercises

__all__ = ["FOLDER", "UNIT", "Attack", "attacks"]

FOLDER = Path(__file__).resolve().parent / "attacks"
UNIT = "03_elbo"
HEAD = re.compile(
    r'"""(.+?)\n\nbase: (untouched|solved)\nhonest: (nothing|all|all but [\w, ]+)\nstock: (run|not run: .+?)\n"""\n',
    re.DOTALL,
)


@dataclass(frozen=True)
class Attack:
    """One hostile submission."""

    name: str
    says: str
    solved: bool
    lost: frozenset[str]
    stock: str
    parts: tuple[tuple[str, str], ...]

    @property
    def honest(self) -> dict[str, float]:
        """What each exercise deserves."""
        return {
            ex.id: 0.0 if ex.id in self.lost else float(ex.points)
            for ex in exercises(UNIT)
            if not ex.written
        }

    def hand_in(
        self,
        released: NotebookNode,
        solutions: Mapping[str, str],
        folder: Path,
        known: Mapping[str, Any],
    ) -> Path:
        """Write the submission into ``folder/NAME/UNIT``."""
        place = folder / self.name / UNIT
        place.mkdir(parents=True)
        nb = nbformat.from_dict(released)
        answers = [
            cell for cell in nb.cells if _marks(cell).get("solution") and cell.cell_type == "code"
        ]
        for cell in answers:
            name = _marks(cell)["grade_id"].removesuffix("_answer")
            if self.solved:
                cell.source = solutions[name].rstrip("\n")
        told = "\n".join(f"{name} = {value!r}" for name, value in known.items())
        top = next(index for index, cell in enumerate(nb.cells) if cell.cell_type == "code") + 1
        nb.cells.insert(top, new_code_cell(told, id="known"))
        for where, code in self.parts:
            if where == "top":
                nb.cells.insert(top + 1, new_code_cell(code, id="attack"))
            elif where == "last":
                answers[0].source = "\n\n".join([*(cell.source for cell in answers), code])
                for cell in answers[1:]:
                    cell.source = ""
            elif where == "notebook":
                exec(code, {"nb": nb, "folder": place, **known})
            else:
                next(
                    cell
                    for cell in answers
                    if _marks(cell)["grade_id"].removesuffix("_answer") == where
                ).source = code
        path = place / f"{UNIT}.ipynb"
        path.write_text(json.dumps(nb, indent=1), encoding="utf-8")
        return path


def _marks(cell: NotebookNode) -> dict[str, Any]:
    marks: dict[str, Any] = cell.metadata.get("nbgrader", {})
    return marks


def attacks(folder: Path = FOLDER) -> list[Attack]:
    """All of them, by name. ``ValueError`` for a file that does not say what it should."""
    return [_read(path) for path in sorted(folder.glob("*.py"))]


def _read(path: Path) -> Attack:
    text = path.read_text(encoding="utf-8")
    found = HEAD.match(text)
    if found is None:
        raise ValueError(
            f"{path.name} does not begin with what it does, its base, its honest score, and whether stock nbgrader may run it"
        )
    says, base, honest, stock = found.groups()
    names = {exercise.id for exercise in exercises(UNIT) if not exercise.written}
    lost = (
        names
        if honest == "nothing"
        else set()
        if honest == "all"
        else set(honest.removeprefix("all but ").split(", "))
    )
    if lost - names:
        raise ValueError(f"{path.name} names unknown exercises: {', '.join(sorted(lost - names))}")
    pieces = re.split(r"^# %% (\w+)(?: from (\w+))?\n", text[found.end() :], flags=re.MULTILINE)
    parts = tuple(
        (where, _top(path.with_name(f"{other}.py")) if other else code.strip("\n"))
        for where, other, code in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True)
    )
    if (
        pieces[0].strip()
        or not parts
        or {where for where, _ in parts} - names - {"top", "last", "notebook"}
    ):
        raise ValueError(f"{path.name} has code that belongs nowhere")
    return Attack(
        path.stem, " ".join(says.split()), base == "solved", frozenset(lost), stock, parts
    )


def _top(path: Path) -> str:
    """What another attack has in its first cell."""
    return next(code for where, code in _read(path).parts if where == "top")
