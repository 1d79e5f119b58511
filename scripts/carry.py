"""The course changes; what a learner wrote must not be lost. The learner's copies, kept and brought up to date.

`work/NN_name/` holds two copies: the lecture, `NN_name.ipynb`, and the problem set, `NN_name_problems.ipynb`, so that their tabs differ.

- A copy that is missing is made.
- A copy that nobody has changed follows the course. To run its cells is no change: what counts is what is written in them.
- A copy that was changed is **never** touched. When the course has a new one, it is laid beside it (`NN_name.updated.ipynb`), once
  for each change; a problem set with the learner's answers carried over.
- A problem set under its name of earlier editions, `NN_name.ipynb`, is renamed.

`work/.released.json` remembers from which release each copy was made. Plain JSON throughout: nothing but Python is needed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["bring_up_to_date", "carry_over", "trust"]

MEMORY = ".released.json"
PROBLEMS = "_problems"
STUBS = ("raise NotImplementedError(", "*Your answer here")


def bring_up_to_date(root: Path, work: Path) -> list[str]:
    """Make or refresh the learner's copies of what lies in ``root``; return what was done, in sentences."""
    memory_file = work / MEMORY
    memory: dict[str, dict[str, str]] = _memory(memory_file)
    told = _renamed(work, memory)
    for source, name in _sources(root):
        target, new = work / name, _for_work(source)
        now = _digest(new)
        known = memory.setdefault(name, {})
        there = target.read_bytes() if target.exists() else None
        if there is None or (_unchanged(there, known) and known.get("copied") != now):
            word = "brought up to date (you had not changed it)" if there else "copied"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(new)
            known.update(copied=now, release=now, written=_written(new))
            told.append(f"work/{name}: {word}")
        elif known.get("release") != now:
            offered, carried = _offer(new, target)
            known["release"] = now
            if offered:
                told.append(
                    f"work/{name}: the course has a new one. Your file is as you left it; the new one is beside it, {offered.name}"
                    + (", with your answers carried over" if carried else "")
                )
    work.mkdir(parents=True, exist_ok=True)
    text = json.dumps(memory, indent=1)
    if not memory_file.exists() or memory_file.read_text("utf-8") != text:
        memory_file.write_text(text, "utf-8")
    return told


def trust(work: Path) -> None:
    """Let JupyterLab show the pictures stored in copies that are as the course made them: signed as if you had run them yourself."""
    from nbformat import reads
    from nbformat.sign import NotebookNotary

    notary, memory = NotebookNotary(), _memory(work / MEMORY)
    for name, known in memory.items():
        path = work / name
        if name.endswith(".ipynb") and path.exists() and known.get("signed") != known.get("copied"):
            data = path.read_bytes()
            if _digest(data) == known.get("copied"):
                try:
                    notary.sign(reads(data.decode("utf-8"), as_version=4))
                except Exception:  # no notebook, or no place for signatures: JupyterLab then shows less until it is run
                    continue
                known["signed"] = known["copied"]
    (work / MEMORY).write_text(json.dumps(memory, indent=1), "utf-8")


def _sources(root: Path) -> Iterator[tuple[Path, str]]:
    """What learners get, and what it is called below ``work/``."""
    for path in sorted((root / "lectures").glob("*.ipynb")):
        yield path, f"{path.stem}/{path.name}"
    released = root / "notebooks"
    for path in sorted(released.rglob("*")):
        if path.is_file() and ".ipynb_checkpoints" not in path.parts:
            name = path.relative_to(released)
            if path.suffix == ".ipynb" and path.stem == path.parent.name:
                name = name.with_name(f"{path.stem}{PROBLEMS}.ipynb")
            yield path, name.as_posix()


def _for_work(source: Path) -> bytes:
    """The file as a learner gets it: links between lectures and problem sets lead to the copies below ``work/``."""
    data = source.read_bytes()
    if source.suffix != ".ipynb":
        return data
    text = data.decode("utf-8")
    text = re.sub(
        r"\]\((?:\.\./)+notebooks/(\d\d_\w+)/\1\.ipynb", rf"](../\1/\1{PROBLEMS}.ipynb", text
    )
    text = re.sub(
        r"\]\((?:(?:\.\./)+lectures/)?(\d\d_\w+|capstone\w*|laboratory|review|where_to_enter)\.ipynb",
        _to_lecture,
        text,
    )
    text = text.replace("](../docs/", "](../../docs/")
    return text.encode("utf-8")


def _to_lecture(found: re.Match[str]) -> str:
    return f"](../{found[1]}/{found[1]}.ipynb"


def _renamed(work: Path, memory: dict[str, dict[str, str]]) -> list[str]:
    """Problem sets of earlier editions had the lecture's name: they get their own."""
    told = []
    for old in sorted(work.glob("[0-9][0-9]_*/*.ipynb")):
        unit = old.parent.name
        new = old.with_name(old.name.replace(unit, f"{unit}{PROBLEMS}", 1))
        if old.name.startswith(f"{unit}.") and not new.exists() and _is_problem_set(old):
            old.rename(new)
            told.append(
                f"work/{unit}/{old.name}: your problem set is now called {new.name}; the old name is the lecture's"
            )
            known = memory.pop(f"{unit}/{old.name}", None)
            if known is not None:
                memory[f"{unit}/{new.name}"] = known
    return told


def _is_problem_set(path: Path) -> bool:
    try:
        return any(_id(cell) for cell in _read(path)["cells"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return True  # damaged: whatever it was, it is kept


def _unchanged(data: bytes, known: dict[str, str]) -> bool:
    """As it was copied, but for outputs: nothing that a learner wrote can be lost with it."""
    return known.get("copied") == _digest(data) or (
        "written" in known and known["written"] == _written(data)
    )


def _written(data: bytes) -> str:
    """A digest of what is written in the cells of a notebook, outputs left out; of any other file, of its bytes."""
    try:
        cells = [(cell["cell_type"], _text(cell)) for cell in json.loads(data)["cells"]]
    except (ValueError, KeyError, TypeError):
        return _digest(data)
    return _digest(json.dumps(cells).encode())


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


def _offer(new: bytes, target: Path) -> tuple[Path | None, bool]:
    """The new file beside the learner's, unless theirs already is of this edition; and whether answers were carried over."""
    carried = False
    try:
        fresh, mine = json.loads(new), _read(target)
        if target.suffix != ".ipynb" or _fixed(fresh) == _fixed(mine):
            return None, False
        carried = bool(_locked(fresh))
        text = json.dumps(carry_over(fresh, mine), indent=1, ensure_ascii=False) + "\n" if carried else new.decode("utf-8")  # fmt: skip
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # a damaged copy stays as it is, and the new one is laid beside it
        text, carried = new.decode("utf-8"), False
    beside = target.with_name(f"{target.stem}.updated{target.suffix}")
    number = 2
    while beside.exists():
        beside, number = (
            target.with_name(f"{target.stem}.updated-{number}{target.suffix}"),
            number + 1,
        )
    beside.write_text(text, "utf-8")
    return beside, carried


def _memory(path: Path) -> dict[str, dict[str, str]]:
    try:
        memory = _read(path)
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


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


def _fixed(notebook: dict[str, Any]) -> Any:
    """What makes an edition: of a problem set what a release fixes, of a lecture all that is written in it."""
    return _locked(notebook) or [_text(cell).strip() for cell in notebook["cells"]]


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
