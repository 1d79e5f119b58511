"""Which answers look alike: a local report over the solution cells of a unit. It leaves this machine only if you send it.

    python -m autograder similarity 03

Each answer becomes the sequence of its syntax tree's nodes, in which names of variables are all alike, while numbers, methods and keywords
are kept; runs of ten nodes are hashed, and of each four neighbouring hashes the smallest is a fingerprint (winnowing: Schleimer, Wilkerson
and Aiken, 2003). What was handed out is left out, and so is what many students share. Two notebooks are as alike as the share of
fingerprints, of the one that has fewer, that both have. A pair on this list is a reason to read both, and never a proof.
"""

from __future__ import annotations

import ast
import hashlib
import html
import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

if TYPE_CHECKING:
    from autograder.grading.class_folder import Classroom

__all__ = ["Pair", "fingerprints", "pairs", "tokens"]

RUN, WINDOW = 10, 4
ALIKE, LEAST = 0.6, 12
STYLE = """body { font-family: sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em; line-height: 1.4 }
td, th { padding: .2em .8em; text-align: left } .two { display: grid; grid-template-columns: 1fr 1fr; gap: 1em }
pre { background: #f4f4f4; padding: .6em; overflow: auto }"""


@dataclass(frozen=True)
class Pair:
    """Two students, how alike their answers are (0 to 1), and the exercises that say so."""

    alike: float
    first: str
    second: str
    exercises: tuple[tuple[str, float], ...] = ()


def tokens(source: str) -> list[str]:
    """The nodes of a syntax tree, from the top; without docstrings and comments, and without the names that a student chose.

    >>> tokens("y = 2 * x.exp()") == tokens("answer = 2 * value.exp()  # mine")
    True
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source.split()  # what is no Python is compared by its words
    found: list[str] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            continue
        match node:
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.append(f".{name}")
            case ast.Constant(value=int() | float() as number):
                found.append(repr(number))
            case ast.Load() | ast.Store() | ast.Module():
                pass
            case _:
                found.append(type(node).__name__)
        waiting += list(ast.iter_child_nodes(node))[::-1]
    return found


def fingerprints(source: str, run: int = RUN, window: int = WINDOW) -> set[int]:
    """The winnowed hashes of an answer."""
    nodes = tokens(source)
    runs = [" ".join(nodes[start : start + run]) for start in range(len(nodes) - run + 1)]
    hashes = [
        int.from_bytes(hashlib.blake2b(each.encode(), digest_size=8).digest(), "big")
        for each in runs
    ]
    return (
        {min(hashes[start : start + window]) for start in range(max(1, len(hashes) - window + 1))}
        if hashes
        else set()
    )


def pairs(
    answers: Mapping[str, Mapping[str, str]], released: Mapping[str, str], alike: float = ALIKE
) -> list[Pair]:
    """Pairs of students at least so alike, the most alike first.

    Args:
        answers: source by exercise, by student.
        released: source that was handed out, by exercise.
    """
    prints = {
        student: {
            name: fingerprints(source) - fingerprints(released.get(name, ""))
            for name, source in mine.items()
        }
        for student, mine in answers.items()
    }
    common = Counter(each for mine in prints.values() for each in set().union(*mine.values()))
    many = max(5, len(answers) // 5)
    shared = {each for each, count in common.items() if count > many}
    found = []
    for first, second in itertools.combinations(sorted(prints), 2):
        both, fewer, exercises = 0, 0, []
        for name in prints[first].keys() & prints[second].keys():
            one, other = prints[first][name] - shared, prints[second][name] - shared
            least = min(len(one), len(other))
            if least:
                both, fewer = both + len(one & other), fewer + least
                exercises.append((name, len(one & other) / least))
        if fewer >= LEAST and both / fewer >= alike:
            exercises.sort(key=lambda item: -item[1])
            found.append(Pair(both / fewer, first, second, tuple(exercises)))
    return sorted(found, key=lambda pair: -pair.alike)


def read_answers(group: Classroom, unit: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The code answers of everyone whose submission could be read, and what was handed out."""
    answers = {
        path.parent.parent.name: _solutions(path)
        for path in sorted(group.folder.glob(f"intake/*/{unit}/{unit}.ipynb"))
    }
    return answers, _solutions(group.released(unit))


def _solutions(path: Path) -> dict[str, str]:
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution") and cell.cell_type == "code":
            found[marks["grade_id"].removesuffix("_answer")] = cell.source
    return found


def page(unit: str, found: list[Pair], answers: Mapping[str, Mapping[str, str]]) -> str:
    """The report: a table, and the most alike answers of each pair side by side."""
    rows, details = [], []
    for number, pair in enumerate(found, start=1):
        names = f"{html.escape(pair.first)} and {html.escape(pair.second)}"
        told = ", ".join(
            f"{html.escape(name)} {share:.0%}" for name, share in pair.exercises if share >= ALIKE
        )
        rows.append(
            f'<tr><td>{pair.alike:.0%}</td><td><a href="#p{number}">{names}</a></td><td>{told}</td></tr>'
        )
        sides = "".join(
            f"<h3>{html.escape(name)}: {share:.0%}</h3><div class=two><pre>{html.escape(answers[pair.first][name])}</pre>"
            f"<pre>{html.escape(answers[pair.second][name])}</pre></div>"
            for name, share in pair.exercises[:3]
        )
        details.append(f'<h2 id="p{number}">{names}</h2>{sides}')
    table = "<p>No pair is that alike.</p>"
    if rows:
        table = f"<table><tr><th>alike</th><th>students</th><th>exercises</th></tr>{''.join(rows)}</table>"
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{unit}: answers that look alike</title><style>{STYLE}</style></head>
<body><h1>{unit}: answers that look alike</h1>
<p>{len(answers)} notebooks were compared, as syntax trees: other names, comments and spaces hide nothing. What was handed out is left out.
A pair on this list is a reason to read both, and never a proof: short answers to one question are often alike.</p>
{table}{"".join(details)}</body></html>
"""
