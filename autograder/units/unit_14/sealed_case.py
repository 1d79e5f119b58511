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
RUNS, APART, TRIES = 4000, 7.0, 200


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

    def log_weights(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """log p and log q of ``RUNS`` runs, row by row, ``(R, N)`` each."""
        h = self.loc + self.scale * rng.normal(size=(RUNS, len(self.y)))
        log_q = normal(h, self.loc, self.scale)
        if self.half:
            h, log_q = np.abs(h), log_q + np.log(2)
        log_p = normal(h, np.zeros(()), np.asarray(self.tau))
        return log_p + normal(self.y, h, np.asarray(self.sigma)), log_q

    def log_evidence(self) -> float:
        return float(normal(self.y, np.zeros(()), np.hypot(self.tau, self.sigma)).sum())

    def positive(self) -> float:
        """The log-probability that all latents are positive, given the data."""
        shrink = self.tau**2 / (self.tau**2 + self.sigma**2)
        return float(np.log(ndtr(shrink * self.y / (self.sigma * shrink**0.5))).sum())


def _world(rng: np.random.Generator, rows: int, half: bool, near: bool) -> World:
    """Scales from a tenth to three; a guide near its posterior, or less near."""
    unit = np.exp(rng.uniform(np.log(0.1), np.log(3)))
    tau, sigma = unit * rng.uniform(0.7, 1.5, 2)
    shrink = tau**2 / (tau**2 + sigma**2)
    spread = sigma * shrink**0.5
    mean = spread * rng.uniform(0.5, 1.5, rows)
    off = rng.uniform(0.05, 0.2, rows) if near else rng.uniform(0.4, 0.7, rows)
    off = off * rng.choice([-1, 1], rows)
    wide = spread * rng.uniform(0.95, 1.1, rows)
    if half:
        loc, scale = np.zeros(rows), (spread**2 + mean**2) ** 0.5
    else:
        loc, scale = mean + off * spread, wide
    return World(mean / shrink, float(tau), float(sigma), loc, scale, half)


def _told(rng: np.random.Generator, world: World, batch: int, scaled: bool) -> np.ndarray:
    """What is told of one guide: means and errors of log w on all rows and on batches, and of the logarithm of the mean of w."""
    rows = len(world.y)
    log_p, log_q = world.log_weights(rng)
    whole = (log_p - log_q).sum(1)
    factor, weight = rows / batch, np.exp(whole - world.log_evidence())
    log_p, log_q = world.log_weights(rng)
    seen = np.argsort(rng.random((RUNS, rows)), 1)[:, :batch]
    kept_p, kept_q = (np.take_along_axis(each, seen, 1).sum(1) for each in (log_p, log_q))
    part = factor * kept_p - (factor if scaled else 1.0) * kept_q
    root = RUNS**0.5
    return np.array(
        [
            whole.mean(),
            whole.std() / root,
            part.mean(),
            part.std() / root,
            np.log(weight.mean()) + world.log_evidence(),
            weight.std() / weight.mean() / root,
            world.log_evidence(),
        ]
    )


def _exactly_apart(world: World, batch: int, told: np.ndarray, kind: str) -> bool:
    """Whether what theory predicts of this guide lies far enough off, in standard errors as told."""
    if kind == RIGHT:
        return True
    if kind == HALF:
        return -world.positive() > APART * told[5]
    entropy = np.log(world.scale).sum() + 0.5 * len(world.y) * np.log(2 * np.pi * np.e)
    shift = (1 - batch / len(world.y)) * entropy
    return bool(abs(shift) > APART * np.hypot(told[1], told[3]))


def draw(rng: np.random.Generator) -> Opened:
    """Numbers of three guides, each of a person with data and a model of their own.

    ``whole`` and ``part`` are means of log w over 4,000 runs each, on all rows and on ``batch`` of them; ``weight`` is the logarithm
    of the mean of w on all rows; ``evidence`` is log p(y). By coins the right guide lies nearer to its posterior than the unscaled
    one, or less near, and its runs are quieter than those of the half one, or noisier.
    """
    rows = int(rng.integers(4, 7))
    batch = int(rng.integers(1, rows - 1))
    near, quiet = (bool(one) for one in rng.random(2) < 0.5)
    sealed: dict[str, np.ndarray] = {}
    for kind in (HALF, RIGHT, UNSCALED):
        for _ in range(TRIES):
            close = near if kind == RIGHT else not near
            world = _world(rng, rows, kind == HALF, close)
            told = _told(rng, world, batch, kind != UNSCALED)
            if not _exactly_apart(world, batch, told, kind):
                continue
            if kind == RIGHT and (told[3] < sealed[HALF][3]) != quiet:
                continue
            break
        sealed[kind] = told
    stacked, truth = shuffled(rng, sealed)
    names = ("whole", "whole_error", "part", "part_error", "weight", "weight_error", "evidence")
    return Opened({name: stacked[:, place] for place, name in enumerate(names)}, truth)


seal(EXERCISE, draw)
