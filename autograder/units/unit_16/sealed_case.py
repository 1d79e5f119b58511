"""The sealed case: three statisticians that pool a mean, a sum and a maximum, told apart by one variance each."""

from __future__ import annotations

import itertools
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
NAMES = (MEAN, SUM, MAX)
LONGEST, NODES = 8, 41
SLIPS = {"strangers": SUM, "padding": MEAN}  # whose reports they misread
PROPOSED = 200  # sets of a world, of which those are kept that decide
ERROR = 0.01  # of a report, as a share of the exact posterior's variance
APART = 6.0  # errors between any two of the three


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


def of_sum(
    world: World, sums: np.ndarray, strangers: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """``strangers``: as if the points of a set had nothing in common, which is wrong."""
    seen = sums[:, None]
    spread = (SIZES if strangers else SIZES**2) * world.tau**2 + SIZES * world.sigma**2
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


def apart(said: dict[str, np.ndarray], error: np.ndarray) -> np.ndarray:
    """How many errors lie between those two of the three variances that are nearest to each other, ``(J)``."""
    pairs = itertools.combinations(said.values(), 2)
    value: np.ndarray = np.min([np.abs(one - other) / error for one, other in pairs], 0)
    return value


class Sets(NamedTuple):
    """Sets of one world that decide, ``points, present: (J, LONGEST)``; what its owner says of each, and the error of that, ``(J)``."""

    world: World
    points: np.ndarray
    present: np.ndarray
    variance: np.ndarray
    error: np.ndarray

    @property
    def doubts(self) -> np.ndarray:
        """The reports beside the exact posterior's variance, and beside that of a set of which nothing was seen, ``(2, J)``."""
        exact = self.world.precisions(self.present.sum(-1))
        unseen = self.world.chances @ self.world.precisions(SIZES)
        return np.stack([self.variance * one for one in (exact, unseen)])


def _sets(rng: np.random.Generator, name: str, log_scale: float, slip: str) -> Sets:
    """A world on a scale of its own, and those of its sets on which any two encoders differ.

    Of the owner that a slip is about those sets alone whose report looks more like another's to whoever makes it.
    """
    tau = float(np.exp(log_scale + rng.uniform(-0.2, 0.2)))
    sigma = tau * float(np.exp(rng.uniform(np.log(0.7), np.log(2.5))))
    world = World(tau, sigma, rng.dirichlet(np.ones(LONGEST)) * 0.9 + 0.1 / LONGEST)
    size = rng.choice(SIZES, PROPOSED, p=world.chances)
    c = tau * rng.normal(size=(PROPOSED, 1))
    points = c + sigma * rng.normal(size=(PROPOSED, LONGEST))
    present = np.arange(LONGEST) < size[:, None]
    points = np.where(present, points, 0.0)
    said = {key: value[1] for key, value in reports(world, points, present).items()}
    error = ERROR / world.precisions(size)
    kept = apart(said, error) > APART
    if SLIPS.get(slip) == name:
        sums = points.sum(-1)
        _, believed = (
            of_sum(world, sums, strangers=True)
            if slip == "strangers"
            else of_mean(world, sums, np.full(PROPOSED, float(LONGEST)))
        )
        others = (np.abs(said[key] - said[name]) for key in NAMES if key != name)
        kept &= np.abs(believed - said[name]) > 1.25 * np.minimum(*others)
    return Sets(world, points[kept], present[kept], said[name][kept], error[kept])


def _chosen(
    rng: np.random.Generator, found: list[Sets], orders: np.ndarray
) -> tuple[int, ...] | None:
    """One set of each, so that the reports have these orders, ``(2, 3)``, beside both variances; None if there is none."""
    fits = np.ones([len(one.variance) for one in found], dtype=bool)
    for row, order in enumerate(orders):
        doubts = np.ix_(*(one.doubts[row] for one in found))
        for narrow, wide in itertools.pairwise(order):
            fits &= doubts[narrow] < doubts[wide]
    choices = np.argwhere(fits)
    return tuple(rng.choice(choices).tolist()) if len(choices) else None


def draw(rng: np.random.Generator) -> Opened:
    """Three people, each with a model and a set of their own: the variance that each reports, with its error.

    There is one number each, so that nothing can be correlated. Coins decide the order of the scales, and whose report is wide or narrow:
    rules that do without the theory are right by chance. Half of the cases mislead who takes a set's points for strangers, a third who
    counts places that are empty.
    """
    chosen, orders = None, rng.permuted(np.tile(np.arange(3), (2, 1)), axis=1)
    slip = str(rng.choice(["none", *SLIPS], p=[0.1, 0.55, 0.35]))
    while chosen is None:
        found = [
            _sets(rng, name, scale, slip)
            for name, scale in zip(NAMES, rng.permutation([-0.8, 0.0, 0.8]), strict=True)
        ]
        chosen = _chosen(rng, found, orders)
    sealed = {}
    for name, sets, at in zip(NAMES, found, chosen, strict=True):
        world, points, present, variance, error = sets
        seen = variance[at] + error[at] * rng.normal()
        sealed[name] = np.concatenate(
            [[world.tau, world.sigma], world.chances, points[at], present[at], [seen, error[at]]]
        )
    rows, truth = shuffled(rng, sealed)
    cuts = np.cumsum([2, LONGEST, LONGEST, LONGEST, 1])
    scales, chances, points, present, seen, errors = np.split(rows, cuts, axis=1)
    given = {
        "reports": seen[:, 0],
        "errors": errors[:, 0],
        "points": points,
        "present": present > 0.5,
        "scales": scales,
        "chances": chances,
    }
    return Opened(given, truth)


seal(EXERCISE, draw)
