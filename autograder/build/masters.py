"""From text masters to notebooks: parse, name every cell, expand the short metadata, refuse what is malformed.

A problem set is written as ``solutions/NN_name/NN_name.py`` in jupytext's percent format. Its markers carry one key:

==================  =================================================================================================
``exercise="ID"``   the learner writes this function; the body between BEGIN and END SOLUTION becomes a stub
``check="ID"``      one line, ``check("ID", function)``: graded automatically, locked, worth the registry's points
``written="ID"``    a short written answer with its mark scheme: graded by a person
``locked="NAME"``   read-only: header, imports
``solution_only``   the explanation of a solution: stays in ``solutions/``, never reaches ``notebooks/``
==================  =================================================================================================

Everything here is a pure function of the text and the registry, so that two builds are equal byte for byte.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from autograder.build.folding import figures_apart, fold
from autograder.course import SOLUTION_ONLY, MasterError

MARKERS = ("exercise", "check", "written", "locked", "solution_only")
MAX_LECTURE_LINES = 15
HEADING = re.compile(r"(?m)^# #{1,4} .+$")  # of a text, in a cell of code
HINTS_PER_EXERCISE = 3
# The same below every problem set.
FOOT = """# %% [markdown]
# ## Where you stand
#
# Points by the last report of each check, what is next, and the predictions that you kept in the lecture. For you alone.

# %%
from course_vi.progress import progress

progress("{unit}")
"""

NOTEBOOK_METADATA: dict[str, Any] = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}


def read_master(text: str) -> NotebookNode:
    """The cells of a percent master, with their marker metadata, before anything is expanded."""
    notebook = jupytext.reads(text, fmt="py:percent")
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)
    return notebook


def dumps(notebook: NotebookNode) -> bytes:
    """A notebook as the bytes that go to disk; nbgrader's own writer produces the same layout."""
    return (nbformat.writes(notebook, version=4).rstrip("\n") + "\n").encode()


def lecture(text: str, unit: str) -> NotebookNode:
    """The notebook of a lecture, not yet executed. Code cells longer than a screen's worth are refused."""
    notebook = read_master(text)
    notebook.cells = figures_apart(notebook.cells)
    notebook = _finish(notebook, unit)
    fold(notebook)
    breaches = []
    for number, cell in enumerate(notebook.cells, start=1):
        lines = code_lines(cell.source) if cell.cell_type == "code" else 0
        if lines > MAX_LECTURE_LINES:
            first = cell.source.strip().splitlines()[0]
            breaches.append(
                f"cell {number} ({first!r}) has {lines} lines of code; {MAX_LECTURE_LINES} is the most"
            )
        heading = HEADING.search(cell.source) if cell.cell_type == "code" else None
        if heading:
            breaches.append(
                f"cell {number} is code, and holds the heading {heading[0]!r}; '# %% [markdown]' is missing above it"
            )
    _refuse(unit, breaches)
    return notebook


def problem_set(text: str, unit: str, registry: Mapping[str, Any]) -> NotebookNode:
    """The nbgrader source of a problem set (solutions in place), its points taken from ``registry``, and its foot below it."""
    notebook = read_master(text)
    breaches = structure(notebook, unit, registry)
    _refuse(unit, breaches)
    notebook.cells += read_master(FOOT.format(unit=unit[:2])).cells
    for cell in notebook.cells:
        marker = marker_of(cell)
        if marker is None:
            continue
        kind, name = marker
        del cell.metadata[kind]
        if kind == "solution_only":
            cell.metadata[SOLUTION_ONLY] = name
        else:
            cell.metadata["nbgrader"] = _expanded(kind, name, registry)
    return _finish(notebook, unit)


def structure(notebook: NotebookNode, unit: str, registry: Mapping[str, Any]) -> list[str]:
    """Every rule that the master of a problem set breaks, in words; an empty list when it breaks none."""
    wanted = {name: ex for name, ex in registry.items() if ex.unit == unit}
    found: dict[str, list[str]] = {kind: [] for kind in MARKERS}
    breaches = []
    for number, cell in enumerate(notebook.cells, start=1):
        unknown = [key for key in cell.metadata if key not in (*MARKERS, "tags")]
        if unknown:
            breaches.append(
                f"cell {number}: unknown metadata {', '.join(unknown)}; there are {', '.join(MARKERS)}"
            )
        marker = marker_of(cell)
        if marker is None:
            continue
        kind, name = marker
        found[kind].append(name)
        if kind != "locked" and name not in wanted:
            breaches.append(
                f"cell {number}: {kind}={name!r} is not an exercise of {unit} in the registry"
            )
        elif cell.cell_type != {"exercise": "code", "check": "code", "written": "markdown"}.get(
            kind, cell.cell_type
        ):
            breaches.append(f"cell {number}: {kind}={name!r} is a {cell.cell_type} cell")
        elif kind == "exercise" and not _has_pair(cell.source, "SOLUTION"):
            breaches.append(f"{name}: its cell has no pair BEGIN SOLUTION, END SOLUTION")
        elif kind == "written" and not _has_pair(cell.source, "MARK SCHEME"):
            breaches.append(f"{name}: its cell has no pair BEGIN MARK SCHEME, END MARK SCHEME")
        elif kind == "check" and not re.fullmatch(
            rf'check\("{name}", {wanted[name].function}\)', cell.source.strip()
        ):
            breaches.append(
                f'{name}: its check must read check("{name}", {wanted[name].function}) and nothing else'
            )
        elif kind == "exercise" and not re.search(
            rf"(?m)^(def|class) {wanted[name].function}\b", cell.source
        ):
            breaches.append(f"{name}: its cell does not define {wanted[name].function}")
    for name, exercise in wanted.items():
        for kind in ("written",) if exercise.written else ("exercise", "check"):
            if found[kind].count(name) != 1:
                breaches.append(
                    f"{name}: {found[kind].count(name)} cells with {kind}={name!r}, and there must be one"
                )
    order = [name for name in wanted if not wanted[name].written]
    if not breaches and (found["exercise"] != order or found["check"] != order):
        breaches.append(
            f"exercises stand in the order {found['exercise']}, the registry says {order}"
        )
    return breaches or _headers_and_hints(notebook, wanted)


def marker_of(cell: NotebookNode) -> tuple[str, str] | None:
    """The marker of a master's cell as ``(kind, name)``, or None for ordinary text and code."""
    kinds = [kind for kind in MARKERS if kind in cell.metadata]
    return (kinds[0], str(cell.metadata[kinds[0]])) if kinds else None


def code_lines(source: str) -> int:
    """Lines of code in a cell: blank lines and whole-line comments do not count."""
    return sum(
        1 for line in source.splitlines() if line.strip() and not line.strip().startswith("#")
    )


def _headers_and_hints(notebook: NotebookNode, wanted: Mapping[str, Any]) -> list[str]:
    """Each exercise has a header (difficulty, importance, minutes), a stub, a check right after it, and its hints."""
    breaches = []
    cells = [cell for cell in notebook.cells if SOLUTION_ONLY not in cell.metadata]
    kinds = [marker_of(cell) or (cell.cell_type, "") for cell in cells]
    stubs = [
        position for position, (kind, _) in enumerate(kinds) if kind in ("exercise", "written")
    ]
    for here, after in zip(stubs, [*stubs[1:], len(cells)], strict=True):
        kind, name = kinds[here]
        exercise = wanted[name]
        header = re.sub(r"[*_`]", "", cells[here - 1].source) if here else ""
        for word, figure in (
            ("Difficulty", f"{exercise.difficulty}/5"),
            ("Importance", f"{exercise.importance}/5"),
        ):
            if not re.search(rf"{word}\W*{figure}", header):
                breaches.append(f"{name}: the text before its cell does not say {word} {figure}")
        if not re.search(rf"\b{exercise.minutes}\s*min", header):
            breaches.append(
                f"{name}: the text before its cell does not say {exercise.minutes} minutes"
            )
        if kind == "written":
            continue
        if here + 1 >= len(cells) or kinds[here + 1] != ("check", name):
            breaches.append(f"{name}: its check does not follow its cell")
        between = "\n".join(
            cell.source for cell in cells[here + 1 : after] if cell.cell_type == "markdown"
        )
        hints = len(
            re.findall(r"<details>\s*<summary>.+?</summary>.+?</details>", between, re.DOTALL)
        )
        if hints != HINTS_PER_EXERCISE:
            breaches.append(f"{name}: {hints} hints, and there must be {HINTS_PER_EXERCISE}")
    return breaches


def _expanded(kind: str, name: str, registry: Mapping[str, Any]) -> dict[str, Any]:
    """nbgrader's schema-3 metadata for a marker."""
    graded = kind in ("check", "written")
    metadata: dict[str, Any] = {
        "grade": graded,
        "grade_id": f"{name}_answer" if kind == "exercise" else name,
        "locked": kind in ("check", "locked"),
        "schema_version": 3,
        "solution": kind in ("exercise", "written"),
        "task": False,
    }
    if graded:
        metadata["points"] = float(registry[name].points)
    return metadata


def _finish(notebook: NotebookNode, unit: str) -> NotebookNode:
    """Pinned notebook metadata, and ids that repeat: named cells by name, others by kind and place since the last."""
    section, seen = "top", set()
    counts: dict[str, int] = {}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name:
            section, counts, key = name, {}, name
        else:
            kind = SOLUTION_ONLY if SOLUTION_ONLY in cell.metadata else cell.cell_type
            counts[kind] = counts.get(kind, 0) + 1
            key = f"{section}/{kind}/{counts[kind]}"
        cell.id = hashlib.sha256(f"{unit}/{key}".encode()).hexdigest()[:12]
        if cell.id in seen:
            raise MasterError(f"{unit}: two cells are called {key}")
        seen.add(cell.id)
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return notebook


def _has_pair(source: str, what: str) -> bool:
    return 0 <= source.find(f"BEGIN {what}") < source.find(f"END {what}")


def _refuse(unit: str, breaches: list[str]) -> None:
    if breaches:
        raise MasterError(f"the master of {unit} cannot be built:\n  " + "\n  ".join(breaches))
