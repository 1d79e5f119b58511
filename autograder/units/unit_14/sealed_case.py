"""The sealed case: three guides, told apart by what their runs weigh, on all rows and on a part of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled
from autograder.units.unit_14.reference import normal

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 7, Plates that are subsampled",
    hides=[],
    because="no function of course_vi gives a verdict on a guide",
)

RIGHT, UNSCALED, HALF = "right", "unscaled", "half"
RUNS, APART = (500, 1000, 2000), 7.0
FEW, MANY, TRIES = 500, 8000, 100
NAMES = ("whole", "whole_error", "part", "part_error", "weight", "weight_error", "evidence")


class World(NamedTuple):
    """Rows with a latent each, h_n ~ N(0, tau^2), y_n ~ N(h_n, sigma^2), and the guide's normals.

    Attributes:
        y, loc, scale: ``(N)``. A half-normal guide has ``scale`` alone.
    """

    y: np.ndarray
    tau: float
    sigma: float
    loc: np.ndarray
    scale: np.ndarray
    half: bool

    def posterior(self) -> tuple[np.ndarray, float]:
        """Means, and the common standard deviation."""
        shrink = self.tau**2 / (self.tau**2 + self.sigma**2)
        return shrink * self.y, self.sigma * shrink**0.5

    def log_weights(self, rng: np.random.Generator, runs: int) -> tuple[np.ndarray, np.ndarray]:
        """log p and log q of so many runs, row by row, ``(R, N)`` each."""
        h = self.loc + self.scale * rng.normal(size=(runs, len(self.y)))
        log_q = normal(h, self.loc, self.scale)
        if self.half:
            h, log_q = np.abs(h), log_q + np.log(2)
        log_p = normal(h, np.zeros(()), np.asarray(self.tau))
        return log_p + normal(self.y, h, np.asarray(self.sigma)), log_q

    def log_evidence(self) -> float:
        return float(normal(self.y, np.zeros(()), np.hypot(self.tau, self.sigma)).sum())

    def positive(self) -> float:
        """The log-probability that all latents are positive, given the data."""
        mean, spread = self.posterior()
        return float(np.log(ndtr(mean / spread)).sum())

    def entropy(self) -> float:
        """Of a guide of whole normals."""
        return float(np.log(self.scale).sum() + 0.5 * len(self.y) * (1 + np.log(2 * np.pi)))

    def gap(self) -> float:
        """The KL from the guide to the posterior: how far the mean of log w lies below the evidence."""
        mean, spread = self.posterior()
        first = self.scale * (2 / np.pi) ** 0.5 if self.half else self.loc
        second = self.scale**2 + self.loc**2
        log_p = -0.5 * np.log(2 * np.pi) - np.log(spread)
        log_p = log_p - 0.5 * (second - 2 * mean * first + mean**2) / spread**2
        log_q = -0.5 * (1 + np.log(2 * np.pi)) - np.log(self.scale) + (np.log(2) * self.half)
        return float((log_q - log_p).sum())


def world(rng: np.random.Generator, rows: int, half: bool) -> World:
    """Scales from a tenth to three. A guide of whole normals is a little off in its means, and up to 1.9 times too wide."""
    unit = np.exp(rng.uniform(np.log(0.1), np.log(3)))
    tau, sigma = unit * rng.uniform(0.7, 1.5, 2)
    shrink = tau**2 / (tau**2 + sigma**2)
    spread = sigma * shrink**0.5
    mean = spread * rng.uniform(0.6, 1.5, rows)
    if half:
        loc, scale = np.zeros(rows), (spread**2 + mean**2) ** 0.5
    else:
        off = rng.uniform(0.05, 0.25, rows) * rng.choice([-1, 1], rows)
        loc, scale = (
            mean + off * spread,
            spread * rng.uniform(1.0, 1.9) * rng.uniform(0.95, 1.05, rows),
        )
    return World(mean / shrink, float(tau), float(sigma), loc, scale, half)


def told(
    rng: np.random.Generator, one: World, batch: int, scaled: bool, whole: int = RUNS[1]
) -> np.ndarray:
    """What is told of one guide, in the order of ``NAMES``; each mean is one over a number of runs of its own."""
    rows, evidence = len(one.y), one.log_evidence()
    again, parts = (int(each) for each in rng.choice(RUNS, 2))
    log_p, log_q = one.log_weights(rng, whole)
    log_w = (log_p - log_q).sum(1)
    log_p, log_q = one.log_weights(rng, again)
    weight = np.exp((log_p - log_q).sum(1) - evidence)
    log_p, log_q = one.log_weights(rng, parts)
    seen = np.argsort(rng.random((parts, rows)), 1)[:, :batch]
    kept_p, kept_q = (np.take_along_axis(each, seen, 1).sum(1) for each in (log_p, log_q))
    part = rows / batch * kept_p - (rows / batch if scaled else 1.0) * kept_q
    return np.array(
        [
            log_w.mean(),
            log_w.std() / whole**0.5,
            part.mean(),
            part.std() / parts**0.5,
            np.log(weight.mean()) + evidence,
            weight.std() / weight.mean() / again**0.5,
            evidence,
        ]
    )


def _far(one: World, batch: int, seen: np.ndarray, kind: str) -> bool:
    """Whether what theory predicts of this guide is so far from what it predicts of the right one, in standard errors as told."""
    if kind == RIGHT:
        return True
    if kind == HALF:
        return -one.positive() > APART * seen[5]
    shift = (1 - batch / len(one.y)) * one.entropy()
    return bool(abs(shift) > APART * np.hypot(seen[1], seen[3]))


def draw(rng: np.random.Generator) -> Opened:
    """Numbers of three guides, each of a person with data and a model of their own.

    ``whole`` and ``part`` are means of log w on all rows and on ``batch`` of them, ``weight`` is the logarithm of the mean of w on all
    rows, ``evidence`` is log p(y). By a coin the right guide lies nearer to its posterior than the half one, or less near, both
    in nats and in the standard errors that are told; by two others the unscaled one lies nearer or less near, and is told too much on a
    part, or too little.
    """
    rows = int(rng.integers(4, 7))
    batch = int(rng.integers(1, rows - 1))
    coins = dict(zip((RIGHT, UNSCALED), (rng.random(2) < 0.5).tolist(), strict=True))
    upward, limit, surely = bool(rng.random() < 0.5), 0.0, 0.0
    runs = {
        HALF: MANY if coins[RIGHT] else FEW,
        RIGHT: FEW if coins[RIGHT] else MANY,
        UNSCALED: int(rng.choice(RUNS)),
    }
    sealed: dict[str, np.ndarray] = {}
    for kind in (HALF, RIGHT, UNSCALED):
        tries = 0
        while kind not in sealed:
            tries, coin = tries + 1, coins.get(kind, True)
            free = kind == HALF or tries > TRIES  # what the coins want need not be there
            one = world(rng, rows, kind == HALF)
            if not free and (one.gap() < limit) != coin:
                continue
            if kind == UNSCALED and (one.entropy() < 0) != upward:
                continue
            seen = told(rng, one, batch, kind != UNSCALED, runs[kind])
            below = (seen[6] - seen[0]) / seen[1]
            if kind == RIGHT and not free and (below < surely) != coin:
                continue
            if _far(one, batch, seen, kind):
                sealed[kind] = seen
                limit, surely = (one.gap(), below) if kind == HALF else (limit, surely)
    stacked, truth = shuffled(rng, sealed)
    return Opened({name: stacked[:, place] for place, name in enumerate(NAMES)}, truth)


seal(EXERCISE, draw)
