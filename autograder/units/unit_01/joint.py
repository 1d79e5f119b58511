"""The joint, factor by factor."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_expit

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays
from autograder.units.unit_01.problems import names_of
from autograder.units.unit_01.reference import above, centre_of, graph, ranked

EXERCISE = exercise(
    __name__,
    title="The joint, factor by factor",
    function="joint_log_prob",
    points=2,
    difficulty=2,
    importance=5,
    minutes=15,
    read="A graph is a recipe",
    hides=[],
    because="the graph comes as dictionaries of functions, which BayesNet does not take",
)

RTOL = 1e-9  # a handful of sums in double precision


def _log_density(g: Arrays, i: int, value: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
    centre = centre_of(g, i, values) + 0 * value
    if g["binary"][i]:
        found = value * log_expit(centre) + (1 - value) * log_expit(-centre)
        return np.where((value == 0) | (value == 1), found, -np.inf)
    return (
        -0.5 * ((value - centre) / g["scales"][i]) ** 2
        - np.log(g["scales"][i])
        - 0.5 * np.log(2 * np.pi)
    )


def _factors(g: Arrays, values: list[np.ndarray], places: str = "right") -> list[np.ndarray]:
    return [
        _log_density(g, i, value, [values[j] for j in above(g, i, places)])
        for i, value in enumerate(values)
    ]


def _values(g: Arrays, rng: np.random.Generator, rows: int, sizes: list[int]) -> list[np.ndarray]:
    return [
        (rng.random((rows, size)) < 0.5).astype(float)
        if g["binary"][i]
        else rng.normal(size=(rows, size))
        for i, size in enumerate(sizes)
    ]


def _near(g: Arrays, rng: np.random.Generator, rows: int) -> list[np.ndarray]:
    """Values, ``(rows, 1)`` each, drawn from a graph without binary nodes."""
    values: dict[int, np.ndarray] = {}
    for i in ranked(g):
        centre = centre_of(g, i, [values[j] for j in above(g, i)])
        values[i] = centre + g["scales"][i] * rng.normal(size=(rows, 1))
    return [values[i] for i in range(len(values))]


def _joint(
    probe: Probe, g: Arrays, values: list[np.ndarray]
) -> tuple[Any, np.ndarray, list[Mistake]]:
    """The reply, the answer, and the mistakes one can make on the way."""
    params = {**g, **dict(zip(names_of(len(values)), values, strict=True))}
    got = probe.value(
        ref("parents"), ref("log_prob"), ref("values"), problem="graph/densities", params=params
    )
    factors = _factors(g, values)
    rows = [factor.sum(-1) for factor in factors]
    want = np.sum(rows, 0)
    roots = [i for i in range(len(values)) if not above(g, i)]
    leaves = [i for i in range(len(values)) if not (g["edges"][:, i] > 0).any()]
    listed = g["order"].astype(int)
    exchanged = [
        _log_density(g, i, values[j], [values[k] for k in above(g, i)]).sum(-1)
        for i, j in zip(listed, listed[::-1], strict=True)
    ]
    together = np.sum(np.broadcast_arrays(*factors), 0)
    mistakes = [
        Mistake(
            "broadcast",
            "You added the nodes before you summed over the plate. A factor outside the plate, (S, 1), was then spread over "
            "all its copies and counted N times: sum each factor over its own last axis first.",
            together.sum(-1),
        ),
        *[
            Mistake(
                "no_plate_sum",
                "The copies in the plate are still there: sum every factor over its last axis.",
                together,
            )
            for _ in range(together.shape[-1] > 1)
        ],
        Mistake(
            "mean_over_plate",
            "You averaged over the plate. Independent copies multiply, so their logarithms add: sum.",
            np.sum([factor.mean(-1) for factor in factors], 0),
        ),
        Mistake(
            "sum_over_draws",
            "You summed over the draws as well. Each of the S draws has a log-density of its own, (S,).",
            want.sum(),
        ),
        Mistake(
            "mean_over_draws",
            "You averaged over the draws. Each of the S draws has a log-density of its own, (S,).",
            want.mean(),
        ),
        Mistake(
            "roots_missing",
            "The nodes without parents are missing. They have a factor too: their prior.",
            want - np.sum([rows[i] for i in roots], 0),
        ),
        Mistake(
            "leaves_only",
            "Only the nodes without children were counted. Every node brings a factor.",
            np.sum([rows[i] for i in leaves], 0),
        ),
        Mistake("sign", "The sign is turned: this is minus the log-density.", -want),
        *[
            Mistake("not_log", "This is the density itself. Return its logarithm.", np.exp(want))
            for _ in range(int((np.abs(want) < 300).all()))
        ],
        *[
            Mistake(
                "parent_order",
                "A density takes the parents in the order in which parents[name] lists them; yours came in another one.",
                np.sum([factor.sum(-1) for factor in _factors(g, values, places)], 0),
            )
            for places in ("sorted", "reversed", "listed")
        ],
        *[
            Mistake(
                "values_order",
                "You took values to list the nodes in the order of parents. They are dictionaries: look each node up by its name.",
                np.sum(exchanged, 0),
            )
            for _ in range(int(np.isfinite(exchanged).all()))
        ],
        *[
            Mistake(
                "value_of_another",
                "Minus infinity: a node whose states are 0 and 1 was handed a number that is neither, so it is the value of another "
                "node. Look each node up by its name.",
                lambda got: got.shape == want.shape and bool(np.isneginf(got).all()),
            )
            for _ in range(int(0 < g["binary"].sum() < len(values)))
        ],
    ]
    if len(want) == 1:  # to sum over a single draw is to lose its axis
        mistakes = [m for m in mistakes if m.key not in ("sum_over_draws", "mean_over_draws")]
        mistakes.insert(
            0,
            Mistake(
                "draw_axis_lost",
                "The number is right, but for one draw the answer has shape (1,): squeeze() without an axis drops that of the "
                "draws as well.",
                want[0],
            ),
        )
    return got, want, mistakes


@EXERCISE.part("A graph without plates")
def without_plates(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 5, [(0, 2), (1, 2), (2, 3), (1, 4), (3, 4), (0, 4)], binary=False)
    got, want, mistakes = _joint(probe, g, _values(g, rng, 4, [1] * 5))
    finding = compare(got, want, what="log p(all nodes)", mistakes=mistakes, rtol=RTOL, atol=RTOL)
    if not finding.ok:
        return finding
    g["scales"] = g["scales"] / 100  # so narrow that densities are far above one
    values = _near(g, rng, 4)
    values[rng.integers(5)][0] += 1.0  # and one value is far out
    got, want, mistakes = _joint(probe, g, values)
    finding = compare(
        got, want, what="log p(all nodes), narrow ones,", mistakes=mistakes, rtol=RTOL, atol=RTOL
    )
    return finding if not finding.ok else _one_draw(probe, g, rng, [1] * 5)


def _one_draw(probe: Probe, g: Arrays, rng: np.random.Generator, sizes: list[int]) -> Finding:
    got, want, mistakes = _joint(probe, g, _values(g, rng, 1, sizes))
    what = "log p(all nodes) of a single draw"
    return compare(got, want, what=what, mistakes=mistakes, rtol=RTOL, atol=RTOL)


@EXERCISE.part("Nodes in a plate, and nodes outside it", weight=2)
def with_plates(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 6, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (5, 4), (0, 4)])
    sizes = [1, 1, 4, 4, 4, 1]
    for draws in (3, 4):  # as many draws as copies, too
        got, want, mistakes = _joint(probe, g, _values(g, rng, draws, sizes))
        what = f"log p(all nodes), {draws} draws and 4 copies,"
        finding = compare(got, want, what=what, mistakes=mistakes, rtol=RTOL, atol=RTOL)
        if not finding.ok:
            return finding
    return finding if not finding.ok else _one_draw(probe, g, rng, sizes)


@EXERCISE.part("Over all states of a discrete graph it adds up to one")
def sums_to_one(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 4, [(0, 1), (0, 2), (1, 3), (2, 3)])
    g["binary"][:] = 1.0
    states = np.array([[(code >> i) & 1 for i in range(4)] for code in range(16)], dtype=float)
    got, want, mistakes = _joint(probe, g, [states[:, [i]] for i in range(4)])
    finding = compare(
        got, want, what="log p of each of the 16 states", mistakes=mistakes, rtol=RTOL, atol=RTOL
    )
    if finding.ok:
        finding = compare(np.exp(got).sum(), 1.0, what="the sum over all 16 states")
    return finding if not finding.ok else _impossible(probe, g, states)


def _impossible(probe: Probe, g: Arrays, states: np.ndarray) -> Finding:
    """Of the first state a node without children is made 2, which its density rules out: the whole state has density zero."""
    states = states.copy()
    states[0, 3] = 2.0
    got, want, _ = _joint(probe, g, [states[:, [i]] for i in range(4)])
    at_all = isinstance(got, np.ndarray) and got.shape == want.shape
    finding = holds(
        at_all and bool(np.isneginf(got[0])),
        "log p = minus infinity of a state that one factor rules out",
        f"{got[0]:.5g}" if at_all else "another shape",
        "impossible_state",
        "One factor is minus infinity, the logarithm of zero, and zero times anything is zero: leave it in the sum.",
    )
    if not finding.ok:
        return finding
    return compare(got[1:], want[1:], what="log p of the others", rtol=RTOL, atol=RTOL)


@EXERCISE.part("A large plate: 3,000 copies")
def large_plate(probe: Probe, rng: np.random.Generator) -> Finding:
    g = graph(rng, 3, [(0, 1), (0, 2), (1, 2)], binary=False)
    got, want, mistakes = _joint(probe, g, _values(g, rng, 2, [1, 3000, 3000]))
    lost = Mistake(
        "underflow",
        "Minus infinity is the logarithm of zero, and in floating point a product of 6,000 densities is zero. Add logarithms.",
        lambda a: a.shape == want.shape and bool(np.isneginf(a).all()),
    )
    return compare(
        got, want, what="log p(all nodes)", mistakes=[lost, *mistakes], rtol=RTOL, atol=RTOL
    )
