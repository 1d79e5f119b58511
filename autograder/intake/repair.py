"""Read a notebook, however damaged, into clean cells of the current format.

Nothing of the submission's structure is trusted: a new notebook is made, and only what a cell says is carried over: its type, its text,
its images, its id, and the *name* of its exercise. Points, flags, checksums, tags, outputs, the kernel's name and all other metadata
stay behind; ``restore`` gives back what nbgrader needs, from the gradebook.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.intake.limits import LIMITS, Limits, Refusal
from autograder.intake.names import printable

__all__ = ["is_damaged", "repair"]

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
CELL_START = re.compile(
    r"\{\s*\"(?:attachments|cell_type|execution_count|id|input|level|metadata|outputs|source)\"\s*:"
)
CELL_LIST = re.compile(r"\"cells\"\s*:\s*\[")
FAILURES = 1_000  # cells in a broken file that are tried and cannot be read
GRADE_ID = re.compile(r"[a-zA-Z0-9_-]{1,128}")
DAMAGE = "The file is damaged"
LARGE = 8_000_000
OUTPUTS = re.compile(rb'"outputs"\s*:\s*\[')
BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)
MOST_BRACKETS = 5_000_000
NEW = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
OLD_TYPES = {"heading": "markdown", "html": "markdown", "plaintext": "raw"}


def repair(data: bytes, limits: Limits = LIMITS) -> tuple[NotebookNode, list[str]]:
    """A valid notebook with what could be read of ``data``, and notes on what was repaired.

    Raises:
        Refusal: nothing in it can be read as a notebook, or it is larger than the limits.
    """
    if len(data) > min(limits.file, LARGE):
        data = without_outputs(data)  # of which nothing is kept anyway
    if len(data) > limits.file:
        raise Refusal(
            "too_large", f"{len(data) / 1e6:.0f} MB; {limits.file / 1e6:.0f} MB is the most"
        )
    notes: list[str] = []
    raw = _raw_cells(_text(data, notes), notes)
    cells: list[NotebookNode] = []
    left_out, budget = 0, limits.attachments
    for item in raw:
        cell = _cell(item, limits, budget, notes)
        if cell is None:
            left_out += 1
            continue
        budget -= sum(
            len(content)
            for bundle in cell.get("attachments", {}).values()
            for content in bundle.values()
        )
        cells.append(cell)
    if not cells:
        raise Refusal("unreadable", "no cell in it has a type and a text")
    if left_out:
        notes.append(
            f"{left_out} cells had no type or no text that can be read, and were left out."
        )
    if len(cells) > limits.cells:
        # Cells that belong to exercises stay, wherever they stand.
        spare = limits.cells
        kept = [
            cell
            for number, cell in enumerate(cells)
            if number < spare or "nbgrader" in cell.metadata
        ]
        notes.append(
            f"There were {len(cells)} cells; the first {limits.cells} were read, and those that belong to exercises."
        )
        cells = kept[: 2 * limits.cells]
    _unique_ids(cells)
    return new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}), notes


def is_damaged(notes: Iterable[str]) -> bool:
    """Whether a file whose repairs are these may have lost cells."""
    return any(note.startswith(DAMAGE) for note in notes)


def without_outputs(data: bytes) -> bytes:
    """A notebook's JSON with empty lists of outputs, without parsing it; as it is where that cannot be done.

    >>> without_outputs(b'{"outputs": [{"text": ["]", "["]}], "id": "outputs"}')
    b'{"outputs": [], "id": "outputs"}'
    """
    kept, position, brackets = list[bytes](), 0, 0
    while match := OUTPUTS.search(data, position):
        depth, end = 1, -1
        for token in BRACKETS.finditer(data, match.end()):
            brackets += 1
            sign = data[token.start()]
            depth += (sign in b"[{") - (sign in b"]}")
            if not depth:
                end = token.start()
                break
            if brackets > MOST_BRACKETS:
                break
        if end < 0:
            break
        kept.append(data[position : match.end()])
        position = end
    return b"".join([*kept, data[position:]])


def _text(data: bytes, notes: list[str]) -> str:
    for encoding in (
        ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",)
    ):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    notes.append("Some bytes of the file were not text; they were replaced.")
    return data.decode("utf-8", "replace")


def _raw_cells(text: str, notes: list[str]) -> list[Any]:
    """The cells as they stand in the file; where it is no whole JSON, those that can still be made out."""
    try:
        notebook = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        cells = _salvage(text)
        if not cells:
            detail = (
                "the file is empty" if not text.strip() else "it is no JSON, and holds no cells"
            )
            raise Refusal("unreadable", detail) from None
        notes.append(f"{DAMAGE}; {len(cells)} cells could still be read.")
        return cells
    if isinstance(notebook, dict):
        listed, sheets = notebook.get("cells"), notebook.get("worksheets")
        if isinstance(listed, list) and listed:
            return listed
        if isinstance(listed, dict) and listed:
            notes.append("The list of cells was damaged; it was put in order.")
            return list(listed.values())
        lists = (
            [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
            if isinstance(sheets, list)
            else []
        )
        cells = [cell for each in lists if isinstance(each, list) for cell in each]
        if cells:
            notes.append("The notebook was in an old format; it was converted.")
            return cells
    elif isinstance(notebook, list) and any(
        isinstance(cell, dict) and "cell_type" in cell for cell in notebook
    ):
        notes.append("The notebook was a bare list of cells.")
        return notebook
    raise Refusal("unreadable", "there are no cells in it")


def _salvage(text: str) -> list[Any]:
    """Every complete cell of a broken file, in order. What is read in vain is counted, so that no file can keep us for ever."""
    decoder = json.JSONDecoder(strict=False)
    found: list[Any] = []
    start = CELL_LIST.search(text)
    position, in_vain, failures = start.end() if start else 0, 0, 0
    while (
        failures < FAILURES
        and in_vain < 3 * len(text) + 100_000
        and (match := CELL_START.search(text, position))
    ):
        try:
            cell, position = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError) as error:
            in_vain += getattr(error, "pos", match.end() + 10_000) - match.start()
            position, failures = match.end(), failures + 1
            continue
        if isinstance(cell, dict) and "cell_type" in cell:
            found.append(cell)
    return found


def _cell(raw: Any, limits: Limits, budget: int, notes: list[str]) -> NotebookNode | None:
    """One clean cell, or None where nothing says what it is."""
    if not isinstance(raw, dict):
        return None
    kind = raw.get("cell_type")
    kind = OLD_TYPES.get(kind, kind) if isinstance(kind, str) else None
    source = _source(raw.get("source", raw.get("input")))
    if kind not in NEW or source is None:
        if source is None or not source.strip():
            return None
        kind = (
            "code" if "outputs" in raw or "execution_count" in raw or "input" in raw else "markdown"
        )
        notes.append(
            "A cell of no known type was read as " + ("code." if kind == "code" else "text.")
        )
    if raw.get("cell_type") == "heading":
        level = raw.get("level")
        source = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " " + source
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    name = name if isinstance(name, str) and GRADE_ID.fullmatch(name) else None
    if len(source) > limits.source:
        where = f"of {name} " if name else ""
        notes.append(
            f"The text of a cell {where}was left out: {len(source):,} characters, and {limits.source:,} is the most."
        )
        source = (
            f"# This cell had {len(source):,} characters and was left out."
            if kind == "code"
            else "*(left out: too long)*"
        )
    cell = NEW[kind](source)
    if name:
        cell.metadata["nbgrader"] = nbformat.from_dict({"grade_id": name})
    identity = raw.get("id")
    if isinstance(identity, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", identity):
        cell.id = identity
    if kind != "code":
        attachments = _attachments(raw.get("attachments"), limits, budget, notes)
        if attachments:
            cell["attachments"] = nbformat.from_dict(attachments)
    return cell


def _source(raw: Any) -> str | None:
    """The text of a cell: a string, or a list of them. Half characters and zero bytes, which no file can hold, are replaced."""
    if isinstance(raw, list):
        raw = "".join(line for line in raw if isinstance(line, str))
    if not isinstance(raw, str):
        return None
    return (
        raw.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    )


def _attachments(
    raw: Any, limits: Limits, budget: int, notes: list[str]
) -> dict[str, dict[str, str]]:
    """The images of a cell, each of them checked to be one."""
    kept: dict[str, dict[str, str]] = {}
    if not isinstance(raw, dict):
        return kept
    for name, bundle in raw.items():
        name = _source(name) or ""
        for mime, content in bundle.items() if isinstance(bundle, dict) else ():
            content = _source(content)
            if mime not in IMAGES or content is None or not name or len(name) > 200:
                notes.append(f"An attachment that is no image ({name[:60]!r}) was left out.")
            elif len(content) > min(limits.attachment * 4 // 3, budget):
                notes.append(
                    f"The attached image {printable(name, 60)} was left out: it is too large. Make it smaller and hand in again."
                )
            elif not _is_base64(content):
                notes.append(
                    f"The attached image {printable(name, 60)} is damaged, and was left out."
                )
            else:
                budget -= len(content)
                kept.setdefault(name, {})[mime] = content
    return kept


def _is_base64(content: str) -> bool:
    try:
        return bool(base64.b64decode("".join(content.split()), validate=True))
    except (binascii.Error, ValueError):
        return False


def _unique_ids(cells: list[NotebookNode]) -> None:
    """Ids that repeat are replaced; new ones depend on place and text alone, so that grading twice gives equal files."""
    seen: set[str] = set()
    for number, cell in enumerate(cells):
        if cell.id in seen or len(cell.id) == 8:  # nbformat's own random ids have eight characters
            cell.id = hashlib.sha256(f"{number}/{cell.source}".encode()).hexdigest()[:16]
        seen.add(cell.id)
