"""Which answers look alike: a local report over the solution cells of a unit. It leaves this machine only if you send it.

    python -m autograder similarity 03

Each answer becomes the sequence of its syntax tree's nodes, in which names of variables are all alike, while numbers, methods and keywords
are kept; runs of ten nodes are hashed, and of each four neighbouring hashes the smallest is a fingerprint (winnowing: Schleimer, Wilkerson
and Aiken, 2003). What was handed out is left out. Two notebooks are as alike as the share of fingerprints, of the one that has
fewer, that both have; and no more alike than they are without the idioms, which many *different* answers share. Answers that hardly
differ count as one there, so that a ring of forty does not make its own answer an idiom. The solutions, which every student
can have, are compared like a student. A pair on this list is a reason to read both, and never a proof.
"""

from __future__ import annotations

import ast
import hashlib
import html
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from autograder.build import masters

if TYPE_CHECKING:
    from autograder.grading.class_folder import Classroom

__all__ = ["SOLUTIONS", "Pair", "fingerprints", "pairs", "rings", "tokens"]

RUN, WINDOW = 10, 4
ALIKE, LEAST = 0.6, 12
RING = 0.9  # who is so alike belongs together
HARDLY = 0.75  # of all fingerprints of two answers to an exercise: they count as one
SOLUTIONS = "solutions/"
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
    idioms = _idioms(prints)
    found = []
    for first, second in itertools.combinations(sorted(prints), 2):
        both, fewer, rare, rarer, exercises = 0, 0, 0, 0, []
        for name in prints[first].keys() & prints[second].keys():
            one, other = prints[first][name], prints[second][name]
            least = min(len(one), len(other))
            if least:
                both, fewer = both + len(one & other), fewer + least
                exercises.append((name, len(one & other) / least))
            one, other = one - idioms[name], other - idioms[name]
            rare, rarer = rare + len(one & other), rarer + min(len(one), len(other))
        if fewer >= LEAST and rarer:
            share = min(both / fewer, rare / rarer)
            if share >= alike:
                exercises.sort(key=lambda item: -item[1])
                found.append(Pair(share, first, second, tuple(exercises)))
    return sorted(found, key=lambda pair: -pair.alike)


def _idioms(prints: Mapping[str, Mapping[str, set[int]]]) -> dict[str, set[int]]:
    """By exercise, what more than a fifth of the students' *different* answers share, and more than five."""
    many = max(5, len(prints) // 5)
    found = {}
    for name in {name for mine in prints.values() for name in mine}:
        kinds: list[set[int]] = []
        for one in {frozenset(mine[name]) for mine in prints.values() if mine.get(name)}:
            if not any(len(one & kind) >= HARDLY * len(one | kind) for kind in kinds):
                kinds.append(set(one))
        common = Counter(each for kind in kinds for each in kind)
        found[name] = {each for each, count in common.items() if count > many}
    return found


def rings(found: Sequence[Pair], alike: float = RING) -> list[list[str]]:
    """Who belongs together, three and more, the largest ring first: everyone is that alike to another of them."""
    group: dict[str, set[str]] = {}
    for pair in found:
        if pair.alike >= alike and SOLUTIONS not in (pair.first, pair.second):
            joined = group.get(pair.first, {pair.first}) | group.get(pair.second, {pair.second})
            group.update(dict.fromkeys(joined, joined))
    unique = {tuple(sorted(members)) for members in group.values() if len(members) > 2}
    return sorted(map(list, unique), key=lambda ring: (-len(ring), ring))


def read_answers(group: Classroom, unit: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The code answers of everyone whose submission could be read, the solutions among them, and what was handed out."""
    answers = {
        path.parent.parent.name: _solutions(path)
        for path in sorted(group.folder.glob(f"intake/*/{unit}/{unit}.ipynb"))
    }
    master = group.course.source(unit, ".py")
    if master.exists():
        cells = masters.read_master(master.read_text(encoding="utf-8")).cells
        marked = [(masters.marker_of(cell), cell.source) for cell in cells]
        answers[SOLUTIONS] = {m[1]: source for m, source in marked if m and m[0] == "exercise"}
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
    circles = "".join(
        f"<p><b>A ring of {len(ring)}:</b> {html.escape(', '.join(ring))}</p>"
        for ring in rings(found)
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{unit}: answers that look alike</title><style>{STYLE}</style></head>
<body><h1>{unit}: answers that look alike</h1>
<p>{len(answers.keys() - {SOLUTIONS})} notebooks were compared, as syntax trees: other names, comments and spaces hide nothing.
What was handed out is left out.
A pair on this list is a reason to read both, and never a proof: short answers to one question are often alike.
What is like {SOLUTIONS} may be copied from there, or be the one short way to say it.</p>
{circles}{table}{"".join(details)}</body></html>
"""
