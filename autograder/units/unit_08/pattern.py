"""The zeros of the posterior's factor, read from the graph."""

from __future__ import annotations

import functools

import numpy as np

from autograder.checks.compare import holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.unit_08.graphs import Case, make_case, random_case, tables

EXERCISE = exercise(
    __name__,
    title="Zeros that the graph promises",
    function="posterior_pattern",
    points=4,
    difficulty=4,
    importance=5,
    minutes=45,
    read="section 3, Zeros that the graph gives",
    hides=[
        "graph.sparsity:pattern_from_graph",
        "graph.sparsity:fill_in",
        "graph.bayes_net:BayesNet.markov_blanket",
    ],
)

SAYS = {
    "no_coparents": "Parents and children couple, and the parents of a common child are missing. Given the child, each tells "
    "about the other.",
    "observed_children_only": "Parents of a common child are coupled only if the child is observed. A latent child has its factor "
    "in the joint density all the same, and that factor reads both parents.",
    "data_ignored": "This is the pattern of the prior's precision: the factors of the observed nodes couple their parents, too.",
    "no_fill": "These are the zeros of the precision. Its factor L has fewer: eliminating a latent couples all its remaining "
    "neighbours.",
    "no_fill_no_coparents": "These are the edges of the graph. A factor of the joint couples all that it reads, and eliminating a "
    "latent couples its remaining neighbours.",
    "other_convention": "This is the pattern for a precision L' L, which eliminates the last latent first. Here it is L L': the "
    "first latent goes first.",
    "covariance": "This couples all latents that are connected, as their covariance does. A precision has a zero where two are "
    "independent given all others.",
    "observed_not_removed": "The observed nodes were eliminated as if they were latent, so that they couple their neighbours. They "
    "are constants: take them out of the graph.",
    "siblings": "Children of a common parent were coupled. Given the parent they are independent.",
    "order_of_the_dictionary": "Places are counted in the order of the dictionary. The order of z is the list `order`.",
    "everything": "This is every pair: enough, and more than the graph asks for.",
    "upper": "The pairs are turned round: (i, j) stands for row i and column j of L, with i > j.",
    "both_triangles": "Each pair is there in both orders. L is lower triangular: (i, j) with i > j alone.",
    "diagonal_too": "The diagonal is not asked for: (i, j) with i > j alone.",
}


def _asked(probe: Probe, case: Case) -> np.ndarray | None:
    """The learner's table of zeros and ones; None where a pair is out of range."""
    pairs = np.asarray(probe.drive("pattern/pairs", **case.sent())).reshape(-1, 2).astype(int)
    size = len(case.order)
    if pairs.size and (pairs.min() < 0 or pairs.max() >= size):
        return None
    table = np.zeros((size, size))
    table[pairs[:, 0], pairs[:, 1]] = 1.0
    return table


@functools.cache
def telling() -> tuple[Case, ...]:
    """Graphs on which no two of the mistakes are alike."""
    rng = np.random.default_rng(21)
    return tuple(random_case(rng, 9) for _ in range(2))


def _named(probe: Probe, cases: list[Case], actual: list[np.ndarray]) -> str:
    """The one mistake that gives what came, on these graphs and on those that tell all mistakes apart."""
    cases, actual = [*cases, *telling()], list(actual)
    for case in telling():
        table = _asked(probe, case)
        if table is None:
            return ""
        actual.append(table)
    known = [tables(case) for case in cases]
    fits = [
        key
        for key in SAYS
        if all(np.array_equal(table, own[key]) for table, own in zip(actual, known, strict=True))
    ]
    return fits[0] if len(fits) == 1 else ""


def _listed(case: Case, table: np.ndarray) -> str:
    pairs = [f"({i}, {j})" for i, j in np.argwhere(table).tolist()]
    shown = ", ".join(pairs[:12]) + (", ..." if len(pairs) > 12 else "")
    return "{" + shown + "}"


def _judged(probe: Probe, cases: list[Case], what: str) -> Finding:
    actual: list[np.ndarray] = []
    for case in cases:
        table = _asked(probe, case)
        if table is None:
            hint = "Count places from 0, in the order of z."
            return holds(
                False, f"places from 0 to {len(case.order) - 1}", "another one", "place", hint
            )
        actual.append(table)
    wanted = [tables(case)["right"] for case in cases]
    wrong = [k for k, table in enumerate(actual) if not np.array_equal(table, wanted[k])]
    if not wrong:
        return Finding(True, f"the pattern of L, {what}", "as asked, no entry more and none less")
    key = _named(probe, cases, actual)
    first = min(wrong, key=lambda k: len(cases[k].order))
    case, sent = cases[first], cases[first].sent()
    graph = "; ".join(
        f"{child} | {', '.join(above)}" if above else child
        for child, above in sent["parents"].items()  # type: ignore[attr-defined]
    )
    expected = f"for {graph} and z = ({', '.join(case.names[i] for i in case.order)}): {_listed(case, wanted[first])}"
    hint = SAYS.get(key, "")
    return Finding(False, expected, _listed(case, actual[first]), key or "property", hint)


def _star(rng: np.random.Generator, arms: int, first: bool) -> Case:
    """One global latent over local ones, each with a datum; the global one first or last in z."""
    edges = [(0, 1 + k) for k in range(arms)] + [(1 + k, 1 + arms + k) for k in range(arms)]
    local = [int(k) for k in 1 + rng.permutation(arms)]
    order = [0, *local] if first else [*local, 0]
    return make_case(rng, 1 + 2 * arms, edges, order, keep_order=True)


def _chain(rng: np.random.Generator, length: int, shuffled: bool) -> Case:
    edges = [(k, k + 1) for k in range(length - 1)] + [(k, length + k) for k in range(length)]
    order = list(range(length))
    return make_case(rng, 2 * length, edges, order, keep_order=not shuffled)


@EXERCISE.part("Two causes of one effect: the effect observed, latent, and latent among others")
def common_effects(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        make_case(rng, 3, [(0, 2), (1, 2)], [0, 1]),
        make_case(rng, 4, [(0, 2), (1, 2), (2, 3)], [0, 1, 2]),
        make_case(rng, 5, [(0, 2), (1, 2), (2, 3), (2, 4)], [0, 1, 2]),
        make_case(rng, 7, [(0, 3), (1, 3), (2, 3), (3, 4), (0, 5), (5, 6)], [0, 1, 2, 3, 5]),
        make_case(rng, 6, [(0, 2), (1, 2), (0, 3), (1, 4), (4, 5)], [0, 1, 4]),
        make_case(rng, 5, [(0, 1), (1, 2), (3, 2), (3, 4)], [0, 3]),
        make_case(rng, 3, [(0, 1), (0, 2), (1, 2)], [0, 1]),
        make_case(rng, 6, [(k, 5) for k in range(5)], list(range(5))),
        make_case(rng, 6, [*((k, 4) for k in range(4)), (4, 5)], list(range(5))),
    ]
    return _judged(probe, cases, "with common effects")


@EXERCISE.part("Stars with the centre first and last, chains in order and in disorder")
def stars_and_chains(probe: Probe, rng: np.random.Generator) -> Finding:
    arms, length = int(rng.integers(3, 6)), int(rng.integers(5, 8))
    cases = [_star(rng, arms, first=first) for first in (True, False)]
    cases += [_chain(rng, length, shuffled=shuffled) for shuffled in (False, True)]
    return _judged(probe, cases, "of stars and chains")


@EXERCISE.part("Loops, and observed nodes in the middle")
def loops(probe: Probe, rng: np.random.Generator) -> Finding:
    ring = [(0, 1), (1, 2), (2, 3), (0, 4), (4, 5)]  # closed by a common child, or by an edge
    data = [(k, 6 + k) for k in range(6)]
    middle = [(0, 1), (1, 2), (2, 3), (3, 4), (5, 1), (4, 6), (3, 7), (2, 8), (0, 9), (5, 9)]
    cases = [
        make_case(rng, 12, [*ring, (3, 5), *data], list(range(6))),
        make_case(rng, 13, [*ring, (3, 12), (5, 12), *data], list(range(6))),
        make_case(rng, 10, middle, [0, 2, 3, 4, 5]),
    ]
    return _judged(probe, cases, "with loops")


@EXERCISE.part("Random graphs of six to eleven nodes", weight=2)
def random_graphs(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [random_case(rng, size, share) for size, share in ((6, 0.4), (7, 0.35), (8, 0.3))]
    cases += [random_case(rng, size, share) for size, share in ((9, 0.3), (10, 0.2), (11, 0.25))]
    return _judged(probe, cases, "of random graphs")


@EXERCISE.part(
    "One latent, and latents that do not couple",
    weight=0.5,
    needs=["common_effects", "random_graphs"],
)
def nothing_couples(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        make_case(rng, 3, [(0, 1), (2, 1)], [0]),
        make_case(rng, 6, [(0, 3), (1, 4), (2, 5), (3, 4), (4, 5)], [0, 1, 2]),
    ]
    return _judged(probe, cases, "where nothing couples")
