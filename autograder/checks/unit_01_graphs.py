"""Unit 01: sampling a graph, and its joint density."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, log_expit, ndtr

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.probe import Probe
from autograder.checks.registry import part
from autograder.problems.unit_01 import names_of
from autograder.protocol.wire import ref

ANCESTRAL, JOINT = "01_ancestral", "01_joint"
Arrays = dict[str, np.ndarray]


# ------------------------------------------------------------------ graphs

def graph(rng: np.random.Generator, n: int, edges: list[tuple[int, int]], shuffled: bool = True, binary: bool = True) -> Arrays:
    """The numbers of a graph with the given edges (parent, child), listed children first where ``shuffled``."""
    table = np.zeros((n, n))
    for child in range(n):
        above = [a for a, b in edges if b == child]
        for place, parent in enumerate(rng.permutation(above).astype(int) if above else []):
            table[child, parent] = place + 1
    order = np.arange(n, dtype=float)
    while shuffled and n > 1 and not _early(table, order):
        order = rng.permutation(n).astype(float)
    sizes = rng.uniform(0.7, 1.6, (n, n)) * rng.choice([-1.0, 1.0], (n, n))
    kinds = rng.random(n) < 0.4 if binary else np.zeros(n)
    return {"edges": table, "order": order, "weights": sizes, "biases": rng.uniform(-0.8, 0.8, n), "scales": rng.uniform(0.4, 1.2, n),
            "binary": kinds.astype(float)}


def _early(table: np.ndarray, order: np.ndarray) -> bool:
    """Whether some node is listed before one of its parents."""
    place = np.argsort(order)
    return any(place[i] < place[j] for i in range(len(table)) for j in np.flatnonzero(table[i]))


def random_edges(rng: np.random.Generator, n: int, share: float = 0.4) -> list[tuple[int, int]]:
    """Edges from earlier to later nodes of a random ranking."""
    rank = rng.permutation(n)
    return [(int(rank[i]), int(rank[j])) for i in range(n) for j in range(i + 1, n) if rng.random() < share]


def above(g: Arrays, i: int, places: str = "right") -> list[int]:
    """The parents of node i in the order that its recipe takes them, or in a wrong one."""
    found = [int(j) for j in np.argsort(g["edges"][i], kind="stable") if g["edges"][i, j] > 0]
    return {"right": found, "sorted": sorted(found), "reversed": found[::-1], "listed": [int(j) for j in g["order"] if j in found]}[places]


def ranked(g: Arrays) -> list[int]:
    """Parents before children."""
    done: list[int] = []
    while len(done) < len(g["edges"]):
        done += [i for i in range(len(g["edges"])) if i not in done and all(j in done for j in np.flatnonzero(g["edges"][i]))]
    return done


def _centre(g: Arrays, i: int, values: list[np.ndarray]) -> Any:
    total: Any = g["biases"][i]
    for place, value in enumerate(values):
        total = total + g["weights"][i, place] * (value if place % 2 == 0 else np.sin(value))
    return total


def _draw(g: Arrays, i: int, values: list[np.ndarray], noise: np.ndarray) -> np.ndarray:
    centre = _centre(g, i, values) + 0 * noise
    return (ndtr(noise) < expit(centre)).astype(float) if g["binary"][i] else centre + g["scales"][i] * noise


def _sampled(g: Arrays, eps: np.ndarray, places: str = "right", order: list[int] | None = None) -> np.ndarray:
    """What ancestral sampling returns, ``(n nodes, S)``; parents that are not there yet count as zero."""
    values: dict[int, np.ndarray] = {}
    for i in ranked(g) if order is None else order:
        values[i] = _draw(g, i, [values.get(j, np.zeros(eps.shape[-1])) for j in above(g, i, places)], eps[i])
    return np.stack([values[i] for i in range(len(values))])


# ------------------------------------------------------------------ ancestral sampling

def _ancestral(probe: Probe, g: Arrays, eps: np.ndarray, draws: int) -> Finding:
    """Ask for ``draws`` draws at fixed noise and judge values, names and the number of times each node was drawn."""
    reply = probe.drive("graph/ancestral", **g, eps=eps, n=draws)
    names = names_of(len(g["edges"]))
    if isinstance(reply, dict) and "too_early" in reply:
        return holds(False, "every node is drawn after its parents", f"node {reply['too_early']} was used before it was drawn", "too_early",
                     "The dictionary lists the nodes in any order. Draw a node once its parents have values; come back for the rest.")
    values, calls = reply["values"], np.asarray(reply["calls"])
    if not isinstance(values, dict) or not all(isinstance(value, np.ndarray) for value in values.values()):
        return compare({"$type": "result that is no dictionary of tensors"}, np.zeros(1), what="the sample")
    if set(values) != set(names):
        lost, extra = sorted(set(names) - set(values)), sorted(set(values) - set(names))
        if lost == [name for i, name in enumerate(names) if not above(g, i)]:
            return holds(False, f"a value for each of {len(names)} nodes", f"missing: {', '.join(lost)}", "roots_missing",
                         "The nodes without parents are missing. They have a recipe too, draw[name](n), and belong into the dictionary.")
        says = "One pass over the dictionary is not enough: nodes whose parents came late are still missing." if lost else \
            "Return the nodes of the graph and nothing else."
        return holds(False, f"a value for each of {len(names)} nodes", f"missing: {', '.join(lost) or 'none'}; "
                     f"too many: {', '.join(extra) or 'none'}", "missing_nodes" if lost else "extra_nodes", says)
    shapes = {value.shape for value in values.values()}
    if shapes != {(draws,)}:
        return holds(False, f"every value has shape ({draws},)", f"shapes {sorted(shapes)}", "shape",
                     "Each node has one value for each of the n draws: hand n to every recipe.")
    if (calls == 0).any():
        name = names[int(np.argmax(calls == 0))]
        return holds(False, "every node is drawn by its recipe", f"draw[{name!r}] was never called", "not_drawn",
                     "The numbers of a node come from draw[name], not from a distribution of your own.")
    if draws > 1 and (calls == draws).all():
        return holds(False, "every node is drawn exactly once", f"every node was drawn {draws} times", "one_at_a_time",
                     f"Did you build the sample one draw at a time? A recipe gives all n = {draws} values in one call: draw[name](n, ...).")
    if (calls > 1).any():
        name = names[int(np.argmax(calls > 1))]
        return holds(False, "every node is drawn exactly once", f"{name} was drawn {int(calls.max())} times", "redrawn",
                     "A node that is drawn again for every child has several values in one sample, so its children no longer share a "
                     "parent. Keep the first value and hand it to all of them.")
    got = np.stack([np.asarray(values[name], dtype=float) for name in names])
    want = _sampled(g, eps[0])
    mistakes = [
        Mistake("one_draw", "All n draws of a sample are the same: you drew once and repeated it. Hand n to every recipe.",
                lambda a: a.shape[-1] > 1 and bool((np.ptp(a, -1) < 1e-12).all())),
        Mistake("parents_as_zero", "A node was drawn before its parents, and a zero stood in for the missing value.",
                _sampled(g, eps[0], order=[int(i) for i in g["order"]])),
        *[Mistake("parent_order", "A recipe takes its parents in the order in which parents[name] lists them; yours came in another one.",
                  _sampled(g, eps[0], places)) for places in ("sorted", "reversed", "listed")],
    ]
    return compare(got, want, mistakes=mistakes, what="the sample at fixed noise")


@part(ANCESTRAL, "A chain that is listed in order")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 4, [(0, 1), (1, 2), (2, 3)], shuffled=False)
    return _ancestral(probe, g, rng.normal(size=(3, 4, 6)), 6)


@part(ANCESTRAL, "Nodes listed in any order, parents in the order of their recipe", weight=2)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 6, [(0, 2), (1, 2), (2, 3), (0, 4), (3, 4), (1, 4), (4, 5), (0, 5), (2, 5)], binary=False)
    return _ancestral(probe, g, rng.normal(size=(3, 6, 8)), 8)


@part(ANCESTRAL, "A common parent is drawn once for all its children")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 5, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)])
    return _ancestral(probe, g, rng.normal(size=(4, 5, 7)), 7)


@part(ANCESTRAL, "A lonely node, a single draw, and a chain of 30")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _ancestral(probe, graph(rng, 3, [(1, 0)]), rng.normal(size=(2, 3, 1)), 1)
    if not finding.ok:
        return finding
    order = rng.permutation(30).tolist()
    chain = list(zip(order, order[1:], strict=False))
    return _ancestral(probe, graph(rng, 30, chain), rng.normal(size=(2, 30, 3)), 3)


# ------------------------------------------------------------------ the joint

def _log_density(g: Arrays, i: int, value: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
    centre = _centre(g, i, values) + 0 * value
    if g["binary"][i]:
        return value * log_expit(centre) + (1 - value) * log_expit(-centre)
    return -0.5 * ((value - centre) / g["scales"][i]) ** 2 - np.log(g["scales"][i]) - 0.5 * np.log(2 * np.pi)


def _factors(g: Arrays, values: list[np.ndarray], places: str = "right") -> list[np.ndarray]:
    return [_log_density(g, i, value, [values[j] for j in above(g, i, places)]) for i, value in enumerate(values)]


def _values(g: Arrays, rng: np.random.Generator, rows: int, sizes: list[int]) -> list[np.ndarray]:
    return [(rng.random((rows, size)) < 0.5).astype(float) if g["binary"][i] else rng.normal(size=(rows, size)) for i,
            size in enumerate(sizes)]


def _joint(probe: Probe, g: Arrays, values: list[np.ndarray]) -> tuple[Any, np.ndarray, list[Mistake]]:
    """The reply, the answer, and the mistakes one can make on the way."""
    params = {**g, **dict(zip(names_of(len(values)), values, strict=True))}
    got = probe.value(ref("parents"), ref("log_prob"), ref("values"), problem="graph/densities", params=params)
    factors = _factors(g, values)
    rows = [factor.sum(-1) for factor in factors]
    want = np.sum(rows, 0)
    roots = [i for i in range(len(values)) if not above(g, i)]
    leaves = [i for i in range(len(values)) if not (g["edges"][:, i] > 0).any()]
    together = np.sum(np.broadcast_arrays(*factors), 0)
    mistakes = [
        Mistake("broadcast",
                "You added the nodes before you summed over the plate. A factor outside the plate, (S, 1), was then spread over "
                "all its copies and counted N times: sum each factor over its own last axis first.", together.sum(-1)),
        *[Mistake("no_plate_sum", "The copies in the plate are still there: sum every factor over its last axis.", together)
          for _ in range(together.shape[-1] > 1)],
        Mistake("mean_over_plate", "You averaged over the plate. Independent copies multiply, so their logarithms add: sum.",
                np.sum([factor.mean(-1) for factor in factors], 0)),
        Mistake("sum_over_draws", "You summed over the draws as well. Each of the S draws has a log-density of its own, (S,).", want.sum()),
        Mistake("mean_over_draws", "You averaged over the draws. Each of the S draws has a log-density of its own, (S,).", want.mean()),
        Mistake("roots_missing", "The nodes without parents are missing. They have a factor too: their prior.",
                want - np.sum([rows[i] for i in roots], 0)),
        Mistake("leaves_only", "Only the nodes without children were counted. Every node brings a factor.",
                np.sum([rows[i] for i in leaves], 0)),
        Mistake("sign", "The sign is turned: this is minus the log-density.", -want),
        Mistake("not_log", "This is the density itself. Return its logarithm.", np.exp(want)),
        *[Mistake("parent_order", "A density takes the parents in the order in which parents[name] lists them; yours came in another one.",
                  np.sum([factor.sum(-1) for factor in _factors(g, values, places)], 0)) for places in ("sorted", "reversed", "listed")],
    ]
    return got, want, mistakes


@part(JOINT, "A graph without plates")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 5, [(0, 2), (1, 2), (2, 3), (1, 4), (3, 4), (0, 4)], binary=False)
    got, want, mistakes = _joint(probe, g, _values(g, rng, 4, [1] * 5))
    return compare(got, want, what="log p(all nodes)", mistakes=mistakes)


@part(JOINT, "Nodes in a plate, and nodes outside it", weight=2)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 6, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (5, 4), (0, 4)])
    got, want, mistakes = _joint(probe, g, _values(g, rng, 3, [1, 1, 4, 4, 4, 1]))
    return compare(got, want, what="log p(all nodes)", mistakes=mistakes)


@part(JOINT, "Over all states of a discrete graph it adds up to one")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 4, [(0, 1), (0, 2), (1, 3), (2, 3)])
    g["binary"][:] = 1.0
    states = np.array([[(code >> i) & 1 for i in range(4)] for code in range(16)], dtype=float)
    got, want, mistakes = _joint(probe, g, [states[:, [i]] for i in range(4)])
    finding = compare(got, want, what="log p of each of the 16 states", mistakes=mistakes)
    return finding if not finding.ok else compare(np.exp(got).sum(), 1.0, what="the sum over all 16 states")


@part(JOINT, "A large plate: 3,000 copies")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 3, [(0, 1), (0, 2), (1, 2)], binary=False)
    got, want, mistakes = _joint(probe, g, _values(g, rng, 2, [1, 3000, 3000]))
    lost = Mistake("underflow",
                   "A product of 6,000 densities is zero in floating point, and its logarithm is minus infinity. Add logarithms.",
                   lambda a: not np.isfinite(a).all())
    return compare(got, want, what="log p(all nodes)", mistakes=[lost, *mistakes])
