"""Responsibilities and log evidence, in logs, wherever the densities lie."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack

EXERCISE = exercise(
    __name__,
    title="Responsibilities without underflow",
    function="responsibilities",
    points=2,
    difficulty=2,
    importance=5,
    minutes=20,
    read="section 2, Mixtures, and a likelihood without a maximum",
    hides=[],
    because="what the mixtures of course_vi offer takes a model, and gives no logarithms of responsibilities",
)

Args = tuple[np.ndarray, np.ndarray]  # log weights (C), log densities (*B, C)
NAMES = "log_r, log_p"
LOG_R, LOG_P = 0, 1
TITLES = ("log r", "log p")


def log_sum_exp(a: np.ndarray, axis: int = -1) -> np.ndarray:
    """log sum exp along an axis, which is kept; minus infinity where all terms are."""
    top = a.max(axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        found: np.ndarray = top + np.log(np.exp(a - top).sum(axis, keepdims=True))
    return found


def right(log_weights: np.ndarray, log_density: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(log r, log p): ``(*B, C)`` and ``(*B)``."""
    joint = log_weights - log_sum_exp(log_weights) + log_density
    log_p = log_sum_exp(joint)
    return joint - log_p, log_p[..., 0]


def _mistakes(args: Args, index: int) -> list[Mistake]:
    log_weights, log_density = args
    raw, joint = (
        log_weights + log_density,
        log_weights - log_sum_exp(log_weights) + log_density,
    )
    plain = log_density - np.log(len(log_weights))
    swapped = Mistake(
        "order_swapped", f"The results are exchanged: {NAMES}.", right(*args)[1 - index]
    )
    if index == LOG_R:
        found = [
            swapped,
            Mistake(
                "weights_ignored",
                "The weights of the clusters have no part in this.",
                right(np.zeros_like(log_weights), log_density)[0],
            ),
            Mistake(
                "not_logs",
                "These are the responsibilities themselves. Their logarithms are asked: most of them are nothing but zero "
                "otherwise.",
                np.exp(right(*args)[0]),
            ),
            Mistake(
                "joint_returned",
                "These are log p(x, c). Divide by the evidence: subtract its logarithm.",
                joint,
            ),
            Mistake(
                "joint_returned",
                "These are weights plus log densities, not normalized over the clusters.",
                raw,
            ),
        ]
        if joint.ndim > 1:
            found.append(
                Mistake(
                    "over_data",
                    "This is normalized over the data. Responsibilities sum to one over the clusters, for each datum.",
                    joint - log_sum_exp(joint, -2),
                )
            )
        return found
    return [
        swapped,
        Mistake(
            "weights_unnormalized",
            "The weights do not sum to one: subtract the logarithm of their sum.",
            log_sum_exp(raw)[..., 0],
        ),
        Mistake(
            "weights_ignored",
            "This is the logarithm of the plain sum of the densities: the weights are missing.",
            log_sum_exp(log_density)[..., 0],
        ),
        Mistake(
            "weights_ignored",
            "This gives all clusters the same weight.",
            log_sum_exp(plain)[..., 0],
        ),
        Mistake(
            "best_cluster",
            "This is the term of the likeliest cluster alone. The evidence is the sum over the clusters.",
            joint.max(-1),
        ),
        Mistake(
            "free_energy_lost",
            "This is the mean of log p(x, c) under the responsibilities. The entropy of the responsibilities is missing.",
            (np.exp(right(*args)[0]) * joint).sum(-1),
        ),
    ]


def _places(rng: np.random.Generator) -> list[Args]:
    """Several data, one without an axis for it, two axes, a single cluster, as many data as clusters; weights of any sum."""
    shapes = ((5, 3), (4,), (2, 3, 5), (3, 1), (1, 2), (4, 4))
    return [
        (
            rng.normal(size=shape[-1]) * 1.5 + rng.choice([-3.0, 2.0]),
            rng.normal(size=shape) * 2 + rng.uniform(-3, 1),
        )
        for shape in shapes
    ]


def _far(rng: np.random.Generator) -> list[Args]:
    """Log densities near -20,000 and near 900, in rows of one array; clusters that lie close, and some thousands of nats apart,
    the nearest of them with or without weight."""
    places = []
    for shape in ((6, 3), (2, 3, 4)):
        level = rng.permutation(np.linspace(-20_000.0, 900.0, int(np.prod(shape[:-1]))))
        density = level.reshape(*shape[:-1], 1) + rng.normal(size=shape) * 1.5
        density[..., 0, -1] -= 3000.0
        places.append((rng.normal(size=shape[-1]) + rng.choice([-900.0, 900.0]), density))
    weights, density = rng.normal(size=4), rng.normal(size=(5, 4)) - 700.0
    light = rng.integers(4)  # the nearest cluster has next to no weight
    weights[light] -= 2500.0
    density[:, light] += np.linspace(1000.0, 1900.0, 5)
    return [*places, (weights, density)]


def _judged(probe: Probe, places: list[Args], index: int, where: str) -> Finding:
    finding = Finding(True)
    for args in places:
        got = unpack(probe.value(*args), 2, NAMES)[index]
        want = right(*args)[index]
        finding = compare(
            got, want, _mistakes(args, index), what=f"{TITLES[index]} {where}", rtol=1e-7
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("The logarithms of the responsibilities")
def log_responsibilities(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), LOG_R, "for densities of moderate size")


@EXERCISE.part("The log evidence of each datum, with weights of any sum")
def log_evidence(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), LOG_P, "for densities of moderate size")


@EXERCISE.part("Data far away from every cluster, and densities far above one", weight=1.5)
def far_away(probe: Probe, rng: np.random.Generator) -> Finding:
    places = _far(rng)
    finding = _judged(probe, places, LOG_R, "where every density under- or overflows")
    return finding if not finding.ok else _judged(probe, places, LOG_P, "where every density does")


def _impossible(rng: np.random.Generator) -> Args:
    """A cluster without weight, and three data that one cluster cannot have made, or all but one."""
    weights, density = rng.normal(size=4) - 1.0, rng.normal(size=(5, 4)) - rng.uniform(50, 900)
    dead = rng.integers(4)
    weights[dead] = -np.inf
    density[:3, dead] += 900.0  # the nearest cluster by far, for some of the data
    alive = np.flatnonzero(np.isfinite(weights))
    density[0, alive[0]] = density[3, alive[1]] = -np.inf
    density[4, alive[:2]] = -np.inf
    return weights, density


@EXERCISE.part(
    "Clusters without weight, and data that a cluster cannot have made",
    weight=0.5,
    needs=["log_responsibilities"],
)
def impossible(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _impossible(rng)
    actual, log_p = unpack(probe.value(*args), 2, NAMES)
    want, evidence = right(*args)
    log_r, none = as_array(actual), np.isneginf(want)
    if log_r.shape != want.shape:
        return compare(actual, np.where(none, 0.0, want), what="log r")
    finding = compare(np.where(none, 0.0, log_r), np.where(none, 0.0, want), what="log r elsewhere")
    if not finding.ok:
        return finding
    if not np.isneginf(log_r[none]).all():
        return holds(
            False,
            "log r is minus infinity where a cluster has no weight or cannot have made the datum",
            f"{log_r[none][~np.isneginf(log_r[none])][0]:.5g} among them",
            "not_impossible",
            "Zero has a logarithm, minus infinity, and softmax and logsumexp can live with it. Clamping, or a small number added "
            "against it, gives a cluster what it cannot have.",
        )
    return compare(log_p, evidence, what="log p")
