"""Put back what nbgrader locked, and find every answer, wherever and however often it stands.

The released notebook says which cells there are, in which order; the gradebook, which no student can reach, says what they are worth and
what locked ones read. From the submission come answers only. The steps, in order:

1. *claim*: which cell is which, by its exercise's name, by its id, by a locked text, by the function it defines, by its place;
2. *dedupe*: of several cells for one exercise none is lost: the answers all run, in order, and the check runs once, after the last;
3. *restore*: types, flags, points, checksums and locked texts; deleted cells come back in their places.
"""

from __future__ import annotations

from collections.abc import Sequence

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from autograder.intake.place import by_place
from autograder.intake.rejoin import below, defined, join_split
from autograder.intake.template import Template
from autograder.intake.text import bare

__all__ = ["MISSING", "restore"]

NEW = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
MISSING = "# This cell was missing."


def restore(
    notebook: NotebookNode, templates: Sequence[Template], damaged: bool = False
) -> list[str]:
    """Bring a mended notebook back into the shape that was released, in place, and say what was done.

    ``damaged``: the file may have lost cells, so that an answer in words that is not there may have been.
    """
    notes: list[str] = []
    claims = _claims(notebook.cells, templates, notes)
    join_split(notebook.cells, templates, claims, notes)
    lost = by_place(notebook.cells, templates, claims, damaged, notes)
    by_name: dict[str, list[NotebookNode]] = {}
    for cell in notebook.cells:
        name = claims.get(id(cell))
        if name:
            by_name.setdefault(name, []).append(cell)
        cell.metadata = nbformat.from_dict({})
    kept: dict[str, NotebookNode] = {}
    dropped: set[int] = set()
    for template in templates:
        cells = by_name.get(template.name, [])
        if cells:
            keep = kept[template.name] = _dedupe(template, cells, dropped, notes)
            for number, cell in enumerate(cells):
                cell.id = (
                    template.id or cell.id if cell is keep else f"{cell.id[:40]}-earlier-{number}"
                )
            _shape(template, keep, notes)
    notebook.cells = [cell for cell in notebook.cells if id(cell) not in dropped]
    _put_back(notebook, templates, kept, lost, notes)
    _checks_after_own_cells(notebook, templates, kept, notes)
    _checks_after_answers(notebook, templates, kept, notes)
    _unique(notebook.cells)
    return notes


def _claims(
    cells: Sequence[NotebookNode], templates: Sequence[Template], notes: list[str]
) -> dict[int, str]:
    """Which cell (by ``id(cell)``) is which template."""
    known = {template.name: template for template in templates}
    ids = {template.id: template.name for template in templates if template.id}
    locked = {bare(template.source): template.name for template in templates if not template.answer}
    claims: dict[int, str] = {}
    for cell in cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name and name not in known:
            notes.append(
                f"A cell called itself {name}, which is no exercise here; it was run as an ordinary cell."
            )
        if name in known or cell.id in ids:
            claims[id(cell)] = name if name in known else ids[cell.id]
    nameless = [cell for cell in cells if id(cell) not in claims]
    for cell in nameless:
        name = locked.get(bare(cell.source), "")
        if name and name not in claims.values():
            claims[id(cell)] = name
    functions = {}
    for template in templates:
        if (
            template.solution
            and template.cell_type == "code"
            and template.name not in claims.values()
        ):
            functions.update(dict.fromkeys(defined(template.source), template.name))
    for cell in nameless:
        if functions and id(cell) not in claims and cell.cell_type == "code":
            name = next((functions[each] for each in defined(cell.source) if each in functions), "")
            if name:
                claims[id(cell)] = name
                notes.append(
                    f"The answer to {name.removesuffix('_answer')} had lost its mark; it was found by the function it defines."
                )
    return claims


def _dedupe(
    template: Template, cells: list[NotebookNode], dropped: set[int], notes: list[str]
) -> NotebookNode:
    """The one cell that keeps the name. Answers are never dropped unless another cell says the same."""
    if len(cells) == 1:
        return cells[0]
    if not template.answer:
        dropped.update(id(cell) for cell in cells[:-1])
        notes.append(
            f"The cell {template.name} was there {len(cells)} times; it was kept once, the last."
        )
        return cells[-1]
    written = [cell for cell in cells if bare(cell.source) != bare(template.source)] or cells[-1:]
    texts = {bare(cell.source): cell for cell in written}  # of equal ones the last
    final = [cell for cell in cells if any(cell is other for other in texts.values())]
    dropped.update(id(cell) for cell in cells if not any(cell is other for other in final))
    keep = final[-1]
    fate = (
        "all of them were run, in order, and the last one counts"
        if template.cell_type == "code"
        else "all that you wrote was kept"
    )
    notes.append(f"There were {len(cells)} cells for {template.exercise}; {fate}.")
    if template.cell_type != "code":  # what a person marks stands in one cell
        keep.source = "\n\n---\n\n".join(cell.source for cell in final)
        for cell in final[:-1]:
            for name, bundle in cell.get("attachments", {}).items():
                keep.setdefault("attachments", nbformat.from_dict({})).setdefault(name, bundle)
            dropped.add(id(cell))
    return keep


def _shape(template: Template, cell: NotebookNode, notes: list[str]) -> None:
    """Type, metadata and, where it is locked, text of a cell."""
    if cell.cell_type != template.cell_type:
        notes.append(
            f"The cell {template.name} had become {cell.cell_type}; it is {template.cell_type} again."
        )
        cell.cell_type = template.cell_type
        for key in (
            ("outputs", "execution_count") if template.cell_type != "code" else ("attachments",)
        ):
            cell.pop(key, None)
        if template.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    cell.metadata["nbgrader"] = template.metadata()
    if not template.answer:
        if bare(cell.source) != bare(template.source):
            notes.append(f"The locked cell {template.name} had been changed; it was restored.")
        cell.source = template.source
        cell.pop("attachments", None)


def _put_back(
    notebook: NotebookNode,
    templates: Sequence[Template],
    kept: dict[str, NotebookNode],
    lost: dict[str, str],
    notes: list[str],
) -> None:
    """Deleted cells come back after the cell that stood before them."""
    before: NotebookNode | None = None
    for template in templates:
        cell = kept.get(template.name)
        if cell is None:
            # A stub that raises would hide an answer given elsewhere: of a deleted answer only the place comes back.
            stub = MISSING if template.answer and template.cell_type == "code" else template.source
            cell = NEW[template.cell_type](lost.get(template.name, stub))
            cell.metadata["nbgrader"] = template.metadata()
            cell.id = template.id or cell.id
            place = _index(notebook.cells, before) + 1 if before is not None else 0
            notebook.cells.insert(place, cell)
            kept[template.name] = cell
            notes.append(f"The cell {template.name} was missing; it was put back.")
        before = cell


def _checks_after_own_cells(
    notebook: NotebookNode,
    templates: Sequence[Template],
    kept: dict[str, NotebookNode],
    notes: list[str],
) -> None:
    """A check runs after an answer that was written below it, in a cell of the student's own, while the stub was left."""
    for template in templates:
        name = f"{template.name}_answer"
        stub = next((each.source for each in templates if each.name == name), "")
        if template.grade and not template.solution and stub:
            check = kept[template.name]
            found = below(notebook.cells, check, kept[name], stub)
            if found is not None:
                notebook.cells.pop(_index(notebook.cells, check))
                notebook.cells.insert(_index(notebook.cells, found) + 1, check)
                notes.append(
                    f"The answer to {template.exercise} stood below its check; the check was run after it."
                )


def _checks_after_answers(
    notebook: NotebookNode,
    templates: Sequence[Template],
    kept: dict[str, NotebookNode],
    notes: list[str],
) -> None:
    """A check that a student moved above the answer runs after it."""
    answers = {
        template.exercise: kept[template.name]
        for template in templates
        if template.solution and not template.grade
    }
    for template in templates:
        answer = answers.get(template.exercise)
        if template.grade and not template.solution and answer is not None:
            check = kept[template.name]
            here, there = _index(notebook.cells, check), _index(notebook.cells, answer)
            if here < there:
                notebook.cells.insert(there, notebook.cells.pop(here))
                notes.append(
                    f"The check of {template.exercise} stood above its answer; it was run after it."
                )


def _index(cells: Sequence[NotebookNode], wanted: NotebookNode) -> int:
    return next(number for number, cell in enumerate(cells) if cell is wanted)


def _unique(cells: Sequence[NotebookNode]) -> None:
    seen: set[str] = set()
    for number, cell in enumerate(cells):
        while cell.id in seen:
            cell.id = f"{cell.id[:50]}-{number}"
        seen.add(cell.id)
