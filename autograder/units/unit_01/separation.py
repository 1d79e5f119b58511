"""What one variable may still tell of another once some are known: separation in a directed graph."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_01.blanket import random_edges
from autograder.units.unit_01.problems import names_of
from autograder.units.unit_01.reference import graph

EXERCISE = exercise(
    __name__,
    title="What is still worth asking",
    function="may_depend",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="What a variable needs to know",
    hides=["graph.bayes_net:BayesNet.markov_blanket"],
)

Query = tuple[int, list[int]]  # a node, and those that are known
SAYS = {
    "given_ignored": "What is known makes no difference in yours. It stops what comes along arrows, and opens what meets in it.",
    "arrows_ignored": "A road was taken for open wherever nothing on it is known. Where two arrows meet it is the other way round: "
    "unknown effects are closed, known ones are open.",
    "effects_closed": "Two causes of a *known* effect tell about each other: that road is open, and closed in yours.",
    "descendants_forgotten": "Two causes tell about each other also if something *below* their common effect is known: it is news of it.",
    "effects_open": "Two causes of an effect of which nothing is known, itself or below it, do not tell about each other. (If you joined "
    "parents: those of which children?)",
    "known_pass": "What is known tells nothing on: a chain or a fork is closed there.",
    "descendants_alone": "These are the descendants that can still be reached. Causes, and other effects of the causes, may depend, too.",
    "along_arrows": "These are ancestors and descendants. Two effects of one cause depend as well.",
    "complement": "These are those that are independent. Asked are those that may depend.",
    "given_included": "What is known is among them. It is no longer random: leave it out.",
    "self_included": "The variable itself is among them. Leave it out.",
}


def reachable(
    up: np.ndarray, name: int, given: Sequence[int], effects: str = "right", passes: bool = False
) -> set[int]:
    """The nodes that an open road leads to, by walking up (from a child) and down (from a parent).

    Args:
        up: ``up[i, j]``: j is a parent of i.
        effects: when a road through two arrows that meet is open: ``"right"`` (it or a descendant is given), ``"never"``, ``"always"``, or
            as for any other node, ``"pipe"``.
        passes: a known node lets through what comes along arrows, too.
    """
    known = set(given)
    news = {i for i in range(len(up)) if known & {i, *_descendants(up, i)}}
    meets_open = {
        "right": news,
        "never": set(),
        "always": set(range(len(up))),
        "pipe": set(range(len(up))) - known,
    }[effects]
    seen: set[tuple[int, str]] = set()
    todo = [(name, "child")]
    while todo:
        node, source = todo.pop()
        if (node, source) in seen:
            continue
        seen.add((node, source))
        on = passes or node not in known
        if source == "child" and on:
            todo += [(int(j), "child") for j in np.flatnonzero(up[node])]
        if on:
            todo += [(int(i), "parent") for i in np.flatnonzero(up[:, node])]
        if source == "parent" and node in meets_open:
            todo += [(int(j), "child") for j in np.flatnonzero(up[node])]
    return {node for node, _ in seen} - known - {name}


def _descendants(up: np.ndarray, name: int) -> set[int]:
    found: set[int] = set()
    todo = [name]
    while todo:
        below = {int(i) for i in np.flatnonzero(up[:, todo.pop()])} - found
        found |= below
        todo += below
    return found


def _by_arrows(up: np.ndarray, name: int, known: set[int], below_only: bool) -> set[int]:
    """Along arrows alone, stopped by what is known."""
    found: set[int] = set()
    for step in (up.T, up)[: 1 if below_only else 2]:
        todo = [name]
        seen: set[int] = set()
        while todo:
            new = {int(i) for i in np.flatnonzero(step[todo.pop()])} - known - seen
            seen |= new
            todo += new
        found |= seen
    return found - {name}


def _by_roads(up: np.ndarray, name: int, known: set[int]) -> set[int]:
    """Roads without a node twice, on which two arrows may meet in a known node, and not above one."""
    found: set[int] = set()

    def walk(road: list[int]) -> None:
        for node in np.flatnonzero(up[road[-1]] | up[:, road[-1]]).tolist():
            meets = len(road) > 1 and bool(up[road[-1], road[-2]] and up[road[-1], node])
            if node not in road and (len(road) == 1 or meets == (road[-1] in known)):
                found.add(node)
                walk([*road, node])

    walk([name])
    return found - known


def tables(edges: np.ndarray, queries: Sequence[Query]) -> dict[str, np.ndarray]:
    """Rows of zeros and ones, ``(queries, n)``: who may depend, ``"right"``, and what one might take for it."""
    up, n = edges > 0, len(edges)

    def sets(name: int, given: list[int]) -> dict[str, set[int]]:
        known, right = set(given), reachable(up, name, given)
        return {
            "right": right,
            "given_ignored": reachable(up, name, []) - known,
            "arrows_ignored": reachable(up, name, given, "pipe"),
            "effects_closed": reachable(up, name, given, "never"),
            "descendants_forgotten": _by_roads(up, name, known),
            "effects_open": reachable(up, name, given, "always"),
            "known_pass": reachable(up, name, given, passes=True),
            "descendants_alone": _by_arrows(up, name, known, True),
            "along_arrows": _by_arrows(up, name, known, False),
            "complement": set(range(n)) - right - known - {name},
            "given_included": right | known,
            "self_included": right | {name},
        }

    rows = [sets(name, given) for name, given in queries]
    return {
        key: np.array([[float(i in row[key]) for i in range(n)] for row in rows])
        for key in SAYS | {"right": ""}
    }


def _ask(probe: Probe, edges: np.ndarray, order: np.ndarray, queries: list[Query]) -> object:
    nodes, known = [name for name, _ in queries], [given for _, given in queries]
    return probe.drive("graph/may_depend", edges=edges, order=order, nodes=nodes, known=known)


def _telling() -> tuple[np.ndarray, np.ndarray, list[Query]]:
    """A graph and questions on which no two mistakes are alike."""
    rng = np.random.default_rng(1)
    g = graph(rng, 9, random_edges(rng, 9, 0.28))
    return g["edges"], g["order"], _queries(rng, 9)


def _queries(rng: np.random.Generator, n: int) -> list[Query]:
    """For each node one question with nothing known, and two with one to four known."""
    found = []
    for name in range(n):
        others = [i for i in range(n) if i != name]
        for count in (0, int(rng.integers(1, 3)), int(rng.integers(2, 5))):
            found.append((name, [int(i) for i in rng.permutation(others)[:count]]))
    return found


def _separation(
    probe: Probe, edges: np.ndarray, order: np.ndarray, queries: list[Query], what: str
) -> Finding:
    got = _ask(probe, edges, order, queries)
    right = np.zeros((len(queries), len(edges)))
    for line, (asked, known_to) in zip(right, queries, strict=True):
        line[list(reachable(edges > 0, asked, known_to))] = 1.0

    def mistakes() -> list[Mistake]:
        of = tables(edges, queries)
        return [
            Mistake(key, SAYS[key], of[key]) for key in SAYS if not np.array_equal(of[key], right)
        ]

    finding = compare(got, right, mistakes, what=what)
    if finding.ok or not isinstance(got, np.ndarray) or got.shape != right.shape:
        return finding
    elsewhere, others = _ask(probe, *_telling()), tables(_telling()[0], _telling()[2])
    fits = [
        m
        for m in mistakes()
        if isinstance(elsewhere, np.ndarray) and np.array_equal(elsewhere, others[m.key])
    ]
    finding = compare(got, right, fits, what=what)
    names, row = names_of(len(edges)), int(np.argmax((got != right).any(1)))

    def listed(chosen: np.ndarray) -> str:
        return ", ".join(names[i] for i in np.flatnonzero(chosen)) or "nobody"

    name, given = queries[row]
    known = ", ".join(names[i] for i in given) or "nothing"
    arrows = ", ".join(f"{names[j]} -> {names[i]}" for i, j in np.argwhere(edges > 0) if j != i)
    return Finding(
        False,
        f"{what}: with {known} known {names[name]} may depend on {listed(right[row])}, in the graph {arrows or 'without arrows'}",
        listed(got[row]),
        finding.diagnosis,
        finding.hint,
    )


SHAPES: dict[str, list[tuple[int, int]]] = {  # parent, child
    "a chain": [(0, 1), (1, 2), (2, 3)],
    "one cause of two": [(0, 1), (0, 2), (2, 3)],
    "two causes of one": [(0, 2), (1, 2)],
}


@EXERCISE.part("Three nodes, three ways: chain, fork, and where arrows meet")
def small(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for what, arrows in SHAPES.items():
        n = 1 + max(max(arrow) for arrow in arrows)
        places = rng.permutation(n)
        g = graph(rng, n, [(int(places[a]), int(places[b])) for a, b in arrows])
        queries = [
            (name, given)
            for name in range(n)
            for given in [[], *[[other] for other in range(n) if other != name]]
        ]
        finding = _separation(probe, g["edges"], g["order"], queries, what)
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("News of an effect from below", weight=0.5)
def below(probe: Probe, rng: np.random.Generator) -> Finding:
    """Two causes, their effect, and two steps down from it; a lonely node beside them."""
    places = rng.permutation(6)
    arrows = [(0, 2), (1, 2), (2, 3), (3, 4)]
    g = graph(rng, 6, [(int(places[a]), int(places[b])) for a, b in arrows])
    queries = [(int(places[0]), [int(places[i])]) for i in (1, 2, 3, 4, 5)]
    queries += [
        (int(places[1]), [int(places[3]), int(places[2])]),
        (int(places[4]), [int(places[2])]),
    ]
    finding = _separation(probe, g["edges"], g["order"], queries, "two causes, and news from below")
    if not finding.ok:
        return finding
    # Four causes of one effect, and news of it; some of the causes are known.
    places = rng.permutation(6)
    arrows = [(0, 4), (1, 4), (2, 4), (3, 4), (4, 5)]
    g = graph(rng, 6, [(int(places[a]), int(places[b])) for a, b in arrows])
    queries = [
        (int(places[name]), [int(places[i]) for i in [*others, effect]])
        for name in range(4)
        for effect in (4, 5)
        for others in itertools.combinations([i for i in range(4) if i != name], 2)
    ]
    return _separation(probe, g["edges"], g["order"], queries, "four causes of one effect")


@EXERCISE.part("Random graphs of six to nine nodes", weight=1.5)
def random_graphs(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for n in (6, 7, 8, 9):
        edges = random_edges(rng, n, 0.28)
        g = graph(rng, n, edges, shuffled=bool(edges))
        finding = _separation(probe, g["edges"], g["order"], _queries(rng, n), "a random graph")
        if not finding.ok:
            return finding
    return finding
