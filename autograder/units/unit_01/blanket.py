"""The Markov blanket."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_01.problems import names_of
from autograder.units.unit_01.reference import graph

EXERCISE = exercise(
    __name__,
    title="The Markov blanket",
    function="markov_blanket",
    points=2,
    difficulty=2,
    importance=4,
    minutes=15,
    read="What a variable needs to know",
    hides=["graph.bayes_net:BayesNet.markov_blanket"],
)


def random_edges(rng: np.random.Generator, n: int, share: float = 0.4) -> list[tuple[int, int]]:
    """Edges from earlier to later nodes of a random ranking."""
    rank = rng.permutation(n)
    return [
        (int(rank[i]), int(rank[j]))
        for i in range(n)
        for j in range(i + 1, n)
        if rng.random() < share
    ]


def _blanket_tables(edges: np.ndarray) -> dict[str, np.ndarray]:
    """The blanket of every node, and what one might take for it, each ``(n, n)`` zeros and ones."""
    up = edges > 0  # up[i, j]: j is a parent of i
    down, n = up.T, len(edges)
    mates = (down.astype(int) @ up.astype(int)) > 0  # some child has both as parents
    siblings = (up.astype(int) @ down.astype(int)) > 0  # some parent has both as children
    reach = down.copy()
    for _ in range(n):
        reach = reach | ((reach.astype(int) @ down.astype(int)) > 0)
    own = np.eye(n, dtype=bool)
    blanket = (up | down | mates) & ~own
    tables = {
        "blanket": blanket,
        "no_coparents": up | down,
        "parents_only": up,
        "children_only": down,
        "parents_missing": (down | mates) & ~own,
        "self_included": blanket | own,
        "children_missing": (up | mates) & ~own,
        "siblings": (up | down | siblings) & ~own,
        "siblings_added": (blanket | siblings) & ~own,
        "descendants": (up | reach | mates) & ~own,
        "grandparents": (blanket | ((up.astype(int) @ up.astype(int)) > 0)) & ~own,
        "complement": ~blanket & ~own,
        "connected": ~own,
        "self_where_children": blanket | (own & down.any(1, keepdims=True)),
    }
    return {name: table.astype(float) for name, table in tables.items()}


APART = [  # grandparents, siblings, co-parents, lonely ones: parent, child
    *[(0, 2), (1, 2), (2, 3), (2, 4), (5, 4), (4, 6), (3, 7), (6, 8), (7, 8), (0, 5)]
]
SAYS = {
    "no_coparents": "Parents and children are there; the other parents of the children are missing. Given a child, its parents explain "
    "each other, so they belong to the blanket.",
    "parents_only": "Only the parents are there. Children tell about a node too, and with them their other parents.",
    "children_only": "Only the children are there. Add the parents, and the other parents of the children.",
    "parents_missing": "The parents are missing.",
    "children_missing": "Parents and co-parents are there; the children themselves are missing.",
    "self_included": "A node is no member of its own blanket: take it out.",
    "self_where_children": "A node is a parent of its own children, so it slipped into its own blanket: take it out.",
    "siblings": "You added the other children of the parents. Given the parents they say nothing new. Asked are the other parents of the "
    "children.",
    "siblings_added": "The other children of the parents do not belong: given the parents they say nothing new.",
    "descendants": "You went on to grandchildren and beyond. Given the children and their parents, those say nothing new.",
    "grandparents": "Grandparents do not belong: the parents stand between.",
    "complement": "This is everything outside the blanket.",
    "connected": "This is every other node. It does shield, but it is not the smallest set that the graph promises.",
}


def _elsewhere(probe: Probe) -> list[str]:
    """What the answer looks like on a graph where no two mistakes are alike: a name must fit there, too."""
    edges = graph(np.random.default_rng(5), 10, APART)["edges"]
    got = probe.drive(
        "graph/blankets", edges=edges, order=np.arange(10.0)[::-1].copy(), nodes=list(range(10))
    )
    return [
        key
        for key, table in _blanket_tables(edges).items()
        if isinstance(got, np.ndarray) and np.array_equal(got, table)
    ]


def _blanket(probe: Probe, edges: np.ndarray, order: np.ndarray, what: str) -> Finding:
    got = probe.drive("graph/blankets", edges=edges, order=order, nodes=list(range(len(edges))))
    tables = _blanket_tables(edges)
    mistakes = [
        Mistake(
            key.replace("siblings_added", "siblings").replace(
                "self_where_children", "self_included"
            ),
            SAYS[key],
            table,
        )
        for key, table in tables.items()
        if key != "blanket" and not np.array_equal(table, tables["blanket"])
    ]
    finding = compare(got, tables["blanket"], mistakes=mistakes, what=what)
    if finding.ok or not isinstance(got, np.ndarray) or got.shape != edges.shape:
        return finding
    elsewhere = _elsewhere(probe)
    finding = compare(
        got,
        tables["blanket"],
        mistakes=[m for m in mistakes if any(m.value is tables[key] for key in elsewhere)],
        what=what,
    )
    wrong, names = int(np.argmax((got != tables["blanket"]).any(1))), names_of(len(edges))
    listed = [
        ", ".join(name for name, bit in zip(names, row, strict=True) if bit) or "nobody"
        for row in (tables["blanket"][wrong], got[wrong])
    ]
    roots = [names[j] for j in np.flatnonzero(edges[wrong])]
    node = f"{names[wrong]} (parents {', '.join(roots) or 'none'})"
    return Finding(
        False, f"{what}: that of {node} is {listed[0]}", listed[1], finding.diagnosis, finding.hint
    )


def _renamed(
    rng: np.random.Generator, n: int, edges: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The same graph with its nodes in other places, so that nothing learned by heart fits."""
    places = rng.permutation(n)
    return [(int(places[parent]), int(places[child])) for parent, child in edges]


@EXERCISE.part("A chain, and a lonely node")
def chain_and_lonely_node(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 6, _renamed(rng, 6, [(0, 1), (1, 2), (2, 3), (3, 4)]))
    return _blanket(probe, g["edges"], g["order"], "the blanket")


@EXERCISE.part("Two causes of one effect")
def common_effect(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 5, _renamed(rng, 5, [(0, 2), (1, 2), (2, 3), (2, 4)]))
    return _blanket(probe, g["edges"], g["order"], "the blanket")


@EXERCISE.part("Random graphs", weight=2)
def random_graphs(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for n in (6, 7, 8, 9):
        edges = random_edges(rng, n, 0.3)
        g = graph(rng, n, edges, shuffled=bool(edges))
        finding = _blanket(probe, g["edges"], g["order"], "the blanket")
        if not finding.ok:
            return finding
    return finding
