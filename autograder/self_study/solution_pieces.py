"""An exercise's solution in pieces: its hints, the idea, the code a few lines at a time, and what there is to notice.

They are read from ``solutions/``, which lies in a copy of the course for whoever learns alone. A class's private copy has none, and no
kernel that grades has any: there are hints then, from the problem set, and nothing else.
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

from autograder.units import EXERCISES
from course_vi.progress.notebooks import cells_of, grade_id, source_of

__all__ = ["HINT", "Step", "code_pieces", "solution_steps"]

ROOT = Path(__file__).resolve().parents[2]
HINT, IDEA, CODE, REST = "hint", "idea", "code", "rest"
FOLD = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
BODY = re.compile(r"^[ \t]*### BEGIN SOLUTION[^\n]*\n(.*?)^[ \t]*### END SOLUTION", re.DOTALL | re.MULTILINE)  # fmt: skip
PIECES = 5  # of code, at most


class Step(NamedTuple):
    """One step towards a solution.

    Attributes:
        kind: ``"hint"``, ``"idea"``, ``"code"`` or ``"rest"``.
        title: what it is, in a few words.
        text: in Markdown.
    """

    kind: str
    title: str
    text: str


def solution_steps(exercise: str, root: Path = ROOT) -> list[Step]:
    """The steps of an exercise in order: hints, the first paragraph of the explanation, the code, the other paragraphs.

    Args:
        exercise: its name, such as ``"03_gap"``.
        root: of the course. Where it has no ``solutions/`` there are hints alone.

    Raises:
        ValueError: there is no such exercise, or it is answered in words.
    """
    asked = EXERCISES.get(exercise)
    if asked is None or asked.written:
        raise ValueError(
            f"exercise is {exercise!r}; expected one with a function, such as '03_gap' (the name in its check)"
        )
    unit = asked.unit
    released, solved = (cells_of(root / folder / unit / f"{unit}.ipynb") for folder in ("notebooks", "solutions"))  # fmt: skip
    steps = [Step(HINT, title, text) for title, text in _hints(released or solved, exercise)]
    told = [source_of(cell) for cell in solved if cell.get("metadata", {}).get("solution_only") == exercise]  # fmt: skip
    paragraphs = [part for part in re.split(r"\n\n(?=\*\*)", "\n\n".join(told).strip()) if part]
    source = next(
        (source_of(cell) for cell in solved if grade_id(cell) == f"{exercise}_answer"), ""
    )
    code = code_pieces(source)
    if not code:
        return steps
    steps += [Step(IDEA, "The idea", paragraphs[0])] if paragraphs else []
    for number, piece in enumerate(code, start=1):
        name = "The code" if len(code) == 1 else f"The code, {number} of {len(code)}"
        steps.append(Step(CODE, name, f"```python\n{piece}\n```"))
    rest = "\n\n".join(paragraphs[1:])
    return [*steps, Step(REST, "What to notice", rest)] if rest else steps


def code_pieces(source: str, most: int = PIECES) -> list[str]:
    """What stands between BEGIN and END SOLUTION, by whole statements, in at most ``most`` pieces of about equal length.

    >>> code_pieces("def f(x):\\n    ### BEGIN SOLUTION\\n    y = x\\n    # twice\\n    return 2 * y\\n    ### END SOLUTION\\n")
    ['y = x', '# twice\\nreturn 2 * y']
    """
    found: list[str] = []
    for match in BODY.finditer(source):
        found += _statements(textwrap.dedent(match[1]).strip("\n"))
    lines = sum(piece.count("\n") + 1 for piece in found)
    pieces: list[str] = []
    seen = 0
    for piece in found:
        if len(pieces) * lines <= seen * most and (not pieces or len(pieces) < most):
            pieces.append(piece)
        else:
            pieces[-1] += f"\n{piece}"
        seen += piece.count("\n") + 1
    return pieces


def _statements(body: str) -> list[str]:
    """Top-level statements, each with the comments and blank lines before it; the body whole where it is no Python by itself."""
    try:
        ends = [node.end_lineno or node.lineno for node in ast.parse(body).body]
    except SyntaxError:
        return [body] if body.strip() else []
    lines = body.splitlines()
    starts = [0, *ends[:-1]]
    ends[-1:] = [len(lines)] if ends else []
    cut = [
        "\n".join(lines[start:end]).strip("\n") for start, end in zip(starts, ends, strict=False)
    ]
    return [piece for piece in cut if piece.strip()]


def _hints(cells: list[dict[str, Any]], exercise: str) -> list[tuple[str, str]]:
    """Titles and texts of the folds below an exercise's check, up to the next named cell."""
    found: list[tuple[str, str]] = []
    inside = False
    for cell in cells:
        if grade_id(cell):
            inside = grade_id(cell) == exercise
        elif inside and cell.get("cell_type") == "markdown":
            found += [
                (title.strip(), text.strip()) for title, text in FOLD.findall(source_of(cell))
            ]
    return [pair for pair in found if pair[0].startswith("Symptom")] or found
