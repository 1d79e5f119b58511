"""Ancestral sampling."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, ndtr

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays
from autograder.units.unit_01.problems import names_of
from autograder.units.unit_01.reference import above, centre_of, graph, ranked

EXERCISE = exercise(
    __name__,
    title="Ancestral sampling",
    function="ancestral_sample",
    points=2,
    difficulty=2,
    importance=5,
    minutes=20,
    read="A graph is a recipe",
    hides=[],
    because="the graph comes as dictionaries of functions, which BayesNet does not take",
)


def _draw(g: Arrays, i: int, values: list[np.ndarray], noise: np.ndarray) -> np.ndarray:
    centre = centre_of(g, i, values) + 0 * noise
    return (
        (ndtr(noise) < expit(centre)).astype(float)
        if g["binary"][i]
        else centre + g["scales"][i] * noise
    )


def _sampled(
    g: Arrays, eps: np.ndarray, places: str = "right", order: list[int] | None = None
) -> np.ndarray:
    """What ancestral sampling returns, ``(n nodes, S)``; parents that are not there yet count as zero."""
    values: dict[int, np.ndarray] = {}
    for i in ranked(g) if order is None else order:
        values[i] = _draw(
            g, i, [values.get(j, np.zeros(eps.shape[-1])) for j in above(g, i, places)], eps[i]
        )
    return np.stack([values[i] for i in range(len(values))])


def _late(g: Arrays) -> list[set[str]]:
    """The nodes that have no value after one pass over the dictionary, after two, and so on."""
    names, there, missing = names_of(len(g["edges"])), set[int](), []
    while len(there) < len(names):
        for i in g["order"].astype(int).tolist():
            if all(j in there for j in above(g, i)):
                there.add(i)
        missing.append({name for i, name in enumerate(names) if i not in there})
    return missing


def _ancestral(probe: Probe, g: Arrays, eps: np.ndarray, draws: int) -> Finding:
    """Ask for ``draws`` draws at fixed noise and judge values, names and the number of times each node was drawn."""
    reply = probe.drive("graph/ancestral", **g, eps=eps, n=draws)
    names = names_of(len(g["edges"]))
    if isinstance(reply, dict) and "too_early" in reply:
        return holds(
            False,
            "every node is drawn after its parents",
            f"node {reply['too_early']} was used before it was drawn",
            "too_early",
            "The dictionary lists the nodes in any order. Draw a node once its parents have values; come back for the rest.",
        )
    values, calls = reply["values"], np.asarray(reply["calls"])
    one_by_one = draws > 1 and np.asarray(reply["asked"]).tolist() == [1]
    if not isinstance(values, dict) or not all(
        isinstance(value, np.ndarray) for value in values.values()
    ):
        return compare(
            {"$type": "result that is no dictionary of tensors"}, np.zeros(1), what="the sample"
        )
    if set(values) != set(names):
        lost, extra = sorted(set(names) - set(values)), sorted(set(values) - set(names))
        if lost == [name for i, name in enumerate(names) if not above(g, i)]:
            return holds(
                False,
                f"a value for each of {len(names)} nodes",
                f"missing: {', '.join(lost)}",
                "roots_missing",
                "The nodes without parents are missing. They have a recipe too, draw[name](n), and belong into the dictionary.",
            )
        early = lost and not extra and lost in [sorted(found) for found in _late(g)]
        hint = (
            "Too few passes over the dictionary: what came is what they reach. A pass draws what is ready; go on until every "
            "node has a value."
            if early
            else "Return the nodes of the graph, all of them and nothing else."
        )
        return holds(
            False,
            f"a value for each of {len(names)} nodes",
            f"missing: {', '.join(lost) or 'none'}; too many: {', '.join(extra) or 'none'}",
            "missing_nodes" if early else "property" if lost else "extra_nodes",
            hint,
        )
    shapes = {value.shape for value in values.values()}
    if shapes != {(draws,)}:
        return holds(
            False,
            f"every value has shape ({draws},)",
            f"shapes {sorted(shapes)}",
            "shape",
            "Each node has one value for each of the n draws: hand n to every recipe.",
        )
    if (calls == 0).any():
        name = names[int(np.argmax(calls == 0))]
        return holds(
            False,
            "every node is drawn by its recipe",
            f"draw[{name!r}] was never called",
            "not_drawn",
            "The numbers of a node come from its own recipe, draw[name], and from nowhere else.",
        )
    if one_by_one and (calls == draws).all():
        return holds(
            False,
            "every node is drawn exactly once",
            f"every node was drawn {draws} times",
            "one_at_a_time",
            f"The sample was built one draw at a time. A recipe gives all n = {draws} values in one call: draw[name](n, ...).",
        )
    if (calls > 1).any():
        name = names[int(np.argmax(calls > 1))]
        return holds(
            False,
            "every node is drawn exactly once",
            f"{name} was drawn {int(calls.max())} times",
            "redrawn",
            "Whoever draws a node again gets another value: what its children saw and what is returned no longer agree. Keep the "
            "first one, and hand it to all of them.",
        )
    got = np.stack([np.asarray(values[name], dtype=float) for name in names])
    want = _sampled(g, eps[0])
    mistakes = [
        Mistake(
            "one_draw",
            "All n draws of a sample are the same: you drew once and repeated it. Hand n to every recipe.",
            want[:, :1] + 0 * want,
        ),
        Mistake(
            "parents_as_zero",
            "A node was drawn before its parents, and a zero stood in for the missing value.",
            _sampled(g, eps[0], order=[int(i) for i in g["order"]]),
        ),
        *[
            Mistake(
                "parent_order",
                "A recipe takes its parents in the order in which parents[name] lists them; yours came in another one.",
                _sampled(g, eps[0], places),
            )
            for places in ("sorted", "reversed", "listed")
        ],
    ]
    return compare(
        got, want, mistakes=mistakes, rtol=1e-9, atol=1e-9, what="the sample at fixed noise"
    )


@EXERCISE.part("A chain that is listed in order")
def chain_in_order(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 4, [(0, 1), (1, 2), (2, 3)], shuffled=False)
    return _ancestral(probe, g, rng.normal(size=(3, 4, 6)), 6)


@EXERCISE.part("Nodes listed in any order, parents in the order of their recipe", weight=2)
def any_order(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(
        rng,
        6,
        [(0, 2), (1, 2), (2, 3), (0, 4), (3, 4), (1, 4), (4, 5), (0, 5), (2, 5)],
        binary=False,
    )
    return _ancestral(probe, g, rng.normal(size=(3, 6, 8)), 8)


@EXERCISE.part("A common parent is drawn once for all its children")
def common_parent(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 5, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)])
    return _ancestral(probe, g, rng.normal(size=(4, 5, 7)), 7)


@EXERCISE.part("A lonely node, a single draw, and a chain of 30")
def lonely_single_and_long(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _ancestral(probe, graph(rng, 3, [(1, 0)]), rng.normal(size=(2, 3, 1)), 1)
    if not finding.ok:
        return finding
    order = rng.permutation(30).tolist()
    chain = list(zip(order, order[1:], strict=False))
    return _ancestral(probe, graph(rng, 30, chain), rng.normal(size=(2, 30, 3)), 3)
