"""Problem sets change; what a learner wrote must not be lost. The learner's copies, kept and brought up to date.

- A copy that is missing is made.
- A copy that nobody has touched follows the course.
- A copy with answers in it is **never** changed. When its problem set has changed, a second file is laid beside it, the new
  problem set with the learner's answers carried over (``NN_name.updated.ipynb``), once for each change.

``work/.released.json`` remembers from which release each copy was made. Plain JSON throughout: nothing but Python is needed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

__all__ = ["bring_up_to_date", "carry_over"]

MEMORY = ".released.json"
STUBS = ("raise NotImplementedError(", "*Your answer here")


def bring_up_to_date(released: Path, work: Path) -> list[str]:
    """Make or refresh the learner's copies; return what was done, in sentences."""
    memory_file = work / MEMORY
    memory: dict[str, dict[str, str]] = _read(memory_file) if memory_file.exists() else {}
    told = []
    for source in sorted(
        path
        for path in released.rglob("*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    ):
        name = source.relative_to(released).as_posix()
        target, now = work / name, _digest(source)
        known = memory.setdefault(name, {})
        if not target.exists() or (known.get("copied") == _digest(target) != now):
            word = (
                "brought up to date (you had not changed it)"
                if target.exists()
                else "copied: yours to write in"
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            known.update(copied=now, release=now)
            told.append(f"work/{name}: {word}")
        elif known.get("release") != now:
            offered = _offer(source, target)
            known["release"] = now
            if offered:
                told.append(
                    f"work/{name}: the problem set has changed. Your file is as you left it; {offered.name} beside it is the "
                    "new one, with your answers carried over"
                )
    work.mkdir(parents=True, exist_ok=True)
    text = json.dumps(memory, indent=1)
    if not memory_file.exists() or memory_file.read_text("utf-8") != text:
        memory_file.write_text(text, "utf-8")
    return told


def carry_over(new: dict[str, Any], mine: dict[str, Any]) -> dict[str, Any]:
    """The new problem set with the learner's answers in it, and cells of the learner's own at the end."""
    answers = {_id(cell): cell for cell in mine.get("cells", []) if _id(cell)}
    for cell in new["cells"]:
        answer = answers.get(_id(cell))
        if answer and _graded(cell).get("solution") and not _is_stub(answer):
            cell["source"] = answer["source"]
            if "attachments" in answer:
                cell["attachments"] = answer["attachments"]
    asked = {_id(cell) for cell in new["cells"]}
    known = {_text(cell).strip() for cell in new["cells"]}
    own = [cell for cell in mine.get("cells", []) if _is_own(cell, asked, known)]
    if own:
        new["cells"].append(_heading(new))
        new["cells"] += [_plain(cell, number) for number, cell in enumerate(own)]
    return new


def _offer(source: Path, target: Path) -> Path | None:
    """The new problem set beside the learner's, unless theirs already is of this edition, or cannot be read."""
    try:
        new, mine = _read(source), _read(target)
        if target.suffix != ".ipynb" or _locked(new) == _locked(mine):
            return None
        text = json.dumps(carry_over(new, mine), indent=1, ensure_ascii=False) + "\n"
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # a damaged copy stays as it is, and the new problem set is laid beside it
        text = source.read_text("utf-8")
    beside = target.with_name(f"{target.stem}.updated{target.suffix}")
    number = 2
    while beside.exists():
        beside, number = (
            target.with_name(f"{target.stem}.updated-{number}{target.suffix}"),
            number + 1,
        )
    beside.write_text(text, "utf-8")
    return beside


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _graded(cell: dict[str, Any]) -> dict[str, Any]:
    return cell.get("metadata", {}).get("nbgrader", {})


def _id(cell: dict[str, Any]) -> str:
    return str(_graded(cell).get("grade_id", ""))


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _locked(notebook: dict[str, Any]) -> dict[str, str]:
    """What a release fixes: every graded cell by name, and the text of those that a learner does not write."""
    return {
        _id(cell): "" if _graded(cell).get("solution") else _text(cell).strip()
        for cell in notebook["cells"]
        if _id(cell)
    }


def _is_stub(cell: dict[str, Any]) -> bool:
    return any(stub in _text(cell) for stub in STUBS)


def _is_own(cell: dict[str, Any], asked: set[str], known: set[str]) -> bool:
    """A cell the learner added, or an answer to an exercise that is no longer asked."""
    text = _text(cell).strip()
    if not text or text in known:
        return False
    if _id(cell):
        return bool(_graded(cell).get("solution")) and _id(cell) not in asked and not _is_stub(cell)
    return cell.get("cell_type") == "code"


def _heading(notebook: dict[str, Any]) -> dict[str, Any]:
    text = "---\n## From your earlier copy\n\nCells that you had added, or that belonged to exercises no longer asked."
    return {"cell_type": "markdown", "id": "earlier-copy", "metadata": {}, "source": text}


def _plain(cell: dict[str, Any], number: int) -> dict[str, Any]:
    kept = {
        "cell_type": cell["cell_type"],
        "id": f"earlier-copy-{number}",
        "metadata": {},
        "source": cell["source"],
    }
    return {**kept, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else kept
