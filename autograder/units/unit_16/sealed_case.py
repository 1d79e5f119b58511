"""The sealed case: three statisticians that pool a mean, a sum and a maximum, told apart by what they report."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import log_ndtr

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=3,
    importance=4,
    minutes=30,
    read="section 3, What pooling can say",
    hides=[],
    because="no function of course_vi gives a verdict on an encoder",
)

MEAN, SUM, MAX = "mean", "sum", "max"
SETS, LONGEST, APART, NODES, TRIES = 3, 8, 6.0, 41, 8
ERROR = (
    0.02  # of a posterior's mean in its own standard deviations, and of a variance in its own size
)


class World(NamedTuple):
    """A model: scales of c and of the points, and the chances of the sizes 1 to ``LONGEST``."""

    tau: float
    sigma: float
    chances: np.ndarray

    def precisions(self, size: np.ndarray) -> np.ndarray:
        value: np.ndarray = self.tau**-2 + size / self.sigma**2
        return value


SIZES = np.arange(1.0, LONGEST + 1)


def _report(world: World, log_w: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) of the best q from log weights of the sizes ``(J, S)`` and the sum to be expected with each, ``(J, S)``."""
    w = np.exp(log_w - log_w.max(-1, keepdims=True))
    w /= w.sum(-1, keepdims=True)
    variance = 1 / (w @ world.precisions(SIZES))
    return (w * total).sum(-1) / world.sigma**2 * variance, variance


def of_mean(world: World, sums: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    seen = (sums / count)[:, None]
    spread = world.tau**2 + world.sigma**2 / SIZES
    log_w = np.log(world.chances) - 0.5 * np.log(spread) - 0.5 * seen**2 / spread
    return _report(world, log_w, seen * SIZES)


def of_sum(world: World, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    seen = sums[:, None]
    spread = (SIZES * world.tau) ** 2 + SIZES * world.sigma**2
    log_w = np.log(world.chances) - 0.5 * np.log(spread) - 0.5 * seen**2 / spread
    return _report(world, log_w, seen + 0 * SIZES)


def of_max(world: World, largest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By quadrature over c: the largest of n points around c, and the sum that the others are expected to add."""
    tau, sigma = world.tau, world.sigma
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    seen = largest[:, None, None]
    reach = 9 * tau * sigma / np.hypot(tau, sigma)
    c = seen * tau**2 / (tau**2 + sigma**2) - 0.15 * reach + reach * nodes  # (J, 1, G)
    off = (seen - c) / sigma
    size = SIZES[:, None]
    below = log_ndtr(off)
    log_joint = (
        np.log(world.chances)[:, None]
        + np.log(size)
        - 0.5 * off**2
        + (size - 1) * below
        - 0.5 * (c / tau) ** 2
        + np.log(weights)
    )  # (J, S, G)
    top = log_joint.max((1, 2), keepdims=True)
    w = np.exp(log_joint - top)
    shortfall = np.exp(-0.5 * off**2 - 0.5 * np.log(2 * np.pi) - below)
    total = seen + (size - 1) * (c - sigma * shortfall)
    mass = w.sum(-1)
    return _report(world, np.log(mass), (w * total).sum(-1) / mass)


def reports(
    world: World, points: np.ndarray, present: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What each of the three says of the sets ``(J, N)``, trained to rest in this world."""
    count = present.sum(-1).astype(float)
    sums = np.where(present, points, 0.0).sum(-1)
    largest = np.where(present, points, -np.inf).max(-1)
    return {
        MEAN: of_mean(world, sums, count),
        SUM: of_sum(world, sums),
        MAX: of_max(world, largest),
    }


def apart(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    """How many standard errors two reports lie from each other, at most."""
    loc = np.abs(one[0] - other[0]) / (ERROR * np.sqrt(np.minimum(one[1], other[1])))
    variance = np.abs(one[1] - other[1]) / (ERROR * np.minimum(one[1], other[1]))
    return float(max(loc.max(), variance.max()))


def _proposed(rng: np.random.Generator, log_scale: float) -> tuple[World, np.ndarray, np.ndarray]:
    """A world on a scale of its own, and sets drawn from it."""
    tau = float(np.exp(log_scale + rng.uniform(-0.2, 0.2)))
    sigma = tau * float(np.exp(rng.uniform(np.log(0.7), np.log(2.5))))
    chances = rng.dirichlet(np.full(LONGEST, 1.0)) * 0.9 + 0.1 / LONGEST
    size = rng.choice(np.arange(1, LONGEST + 1), SETS, p=chances)
    c = tau * rng.normal(size=(SETS, 1))
    points = c + sigma * rng.normal(size=(SETS, LONGEST))
    present = np.arange(LONGEST) < size[:, None]
    return World(tau, sigma, chances), np.where(present, points, 0.0), present


Case = tuple[World, np.ndarray, np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]


def _surprise(case: Case, name: str) -> float:
    """How far the means of a report lie from the exact ones, in standard deviations, on average."""
    world, points, present, said = case
    count = present.sum(-1)
    precision = world.precisions(count)
    exact = np.where(present, points, 0.0).sum(-1) / world.sigma**2 / precision
    return float((np.abs(said[name][0] - exact) * precision**0.5).mean())


def _width(case: Case, name: str) -> float:
    """The variance of a report beside that of c, on average."""
    return float((case[3][name][1] / case[0].tau ** 2).mean())


def draw(rng: np.random.Generator) -> Opened:
    """Three people, each with a model and sets of their own: what each says of three sets, with errors.

    Coins decide the order of the scales, whether the sum's reports are nearer to the exact posteriors than the mean's, and whether the
    maximum's are wider than the mean's: rules that do without the theory are right by chance.
    """
    names = (MEAN, SUM, MAX)
    scales = dict(zip(names, rng.permutation([-0.8, 0.0, 0.8]).tolist(), strict=True))
    nearer, wider = (bool(one) for one in rng.random(2) < 0.5)

    def case(name: str) -> Case:
        while True:
            world, points, present = _proposed(rng, scales[name])
            said = reports(world, points, present)
            if all(apart(said[a], said[b]) > APART for a, b in itertools.combinations(names, 2)):
                return world, points, present, said

    def beside(
        mean: Case, name: str, measure: Callable[[Case, str], float], larger: bool
    ) -> Case | None:
        """A case of another encoder whose measure is larger than the mean's, or smaller; None after a few tries."""
        least = measure(mean, MEAN)
        tried = (case(name) for _ in range(TRIES))
        return next((one for one in tried if (measure(one, name) > least) == larger), None)

    while True:
        mean = case(MEAN)
        total = beside(mean, SUM, _surprise, not nearer)
        largest = beside(mean, MAX, _width, wider)
        if total is not None and largest is not None:
            break
    found = {MEAN: mean, SUM: total, MAX: largest}
    sealed = {}
    for name in names:
        world, points, present, said = found[name]
        loc, variance = said[name]
        errors = np.stack([ERROR * np.sqrt(variance), ERROR * variance], -1)
        seen = np.stack([loc, variance], -1) + errors * rng.normal(size=errors.shape)
        head = np.concatenate([[world.tau, world.sigma], world.chances])
        sealed[name] = np.concatenate(
            [head, points.ravel(), present.ravel().astype(float), seen.ravel(), errors.ravel()]
        )
    rows, truth = shuffled(rng, sealed)
    cuts = np.cumsum([2, LONGEST, SETS * LONGEST, SETS * LONGEST, SETS * 2])
    scales_of, chances, points, present, seen, errors = np.split(rows, cuts, axis=1)
    given = {
        "reports": seen.reshape(3, SETS, 2),
        "errors": errors.reshape(3, SETS, 2),
        "points": points.reshape(3, SETS, LONGEST),
        "present": present.reshape(3, SETS, LONGEST) > 0.5,
        "scales": scales_of,
        "chances": chances,
    }
    return Opened(given, truth)


seal(EXERCISE, draw)
