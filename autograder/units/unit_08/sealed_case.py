"""The sealed case: three fitted posteriors, each of a regression of its own, told apart by their draws."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled
from autograder.units.unit_08.reference import blocked

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 2, Gaussians: what correlation costs",
    hides=[],
    because="no function of course_vi gives a verdict on a fit",
)

NARROW, LOST, RIGHT = "too narrow", "correlation lost", "right"
ROWS, DIM, DRAWS = 12, 3, 1000
NARROWER = 0.5  # of the variance of some latent, at most, is left where a fit is too narrow
LOST_AT_LEAST = 0.35  # the size of a correlation that a fit lost


class Fit(NamedTuple):
    """A regression y ~ N(X z, s^2 I), z ~ N(0, I), and what was fitted to it.

    Attributes:
        alone: the latent that the fit takes for independent of the two others.
    """

    design: np.ndarray
    y: np.ndarray
    noise: float
    alone: int

    @property
    def precision(self) -> np.ndarray:
        return np.asarray(np.eye(DIM) + self.design.T @ self.design / self.noise**2)

    @property
    def covariance(self) -> np.ndarray:
        return np.linalg.inv(self.precision)

    @property
    def blocks(self) -> list[list[int]]:
        return [[i for i in range(DIM) if i != self.alone], [self.alone]]

    @property
    def mean(self) -> np.ndarray:
        return np.asarray(self.covariance @ self.design.T @ self.y / self.noise**2)


def _regression(rng: np.random.Generator, apart: bool) -> Fit:
    """Correlated columns on scales of their own; with ``apart`` one of them is orthogonal to the two others."""
    root = rng.normal(size=(ROWS, DIM))
    common = rng.normal(size=(ROWS, 1))
    design = root + common * rng.uniform(0.8, 2.5, DIM) * rng.choice([-1, 1], DIM)
    alone = int(rng.integers(DIM))
    if apart:
        others = np.delete(design, alone, 1)
        design[:, alone] -= others @ np.linalg.lstsq(others, design[:, alone], rcond=None)[0]
    noise = float(np.exp(rng.uniform(np.log(0.5), np.log(4.0))))
    y = design @ rng.normal(size=DIM) + noise * rng.normal(size=ROWS)
    return Fit(design, y, noise, alone)


def _loses(fit: Fit) -> bool:
    """Whether independence of one latent costs it variance, or a correlation, that nobody overlooks."""
    covariance = fit.covariance
    narrow = np.linalg.inv(blocked(fit.precision, fit.blocks))
    kept = (np.diag(narrow) / np.diag(covariance)).min()
    scale = np.sqrt(np.diag(covariance))
    correlation = (covariance / np.outer(scale, scale))[fit.alone]
    lost = np.abs(np.delete(correlation, fit.alone)).max()
    return bool(kept < NARROWER and lost > LOST_AT_LEAST)


def draw(rng: np.random.Generator) -> Opened:
    """Three regressions, each with draws of what was fitted to it.

    In half of the cases the posterior of the right fit has an independent latent as well, so that all three fits look alike, and in half
    the fit that is too narrow has more variance than the one that lost a correlation.
    """
    apart, wider = (bool(coin) for coin in rng.random(2) < 0.5)
    while True:
        fits = {name: _regression(rng, apart and name == RIGHT) for name in (NARROW, LOST, RIGHT)}
        if not (_loses(fits[NARROW]) and _loses(fits[LOST])):
            continue
        spread = {
            NARROW: np.linalg.inv(blocked(fits[NARROW].precision, fits[NARROW].blocks)),
            LOST: blocked(fits[LOST].covariance, fits[LOST].blocks),
            RIGHT: fits[RIGHT].covariance,
        }
        if (np.trace(spread[NARROW]) > np.trace(spread[LOST])) == wider:
            break
    draws = {
        name: fit.mean + rng.normal(size=(DRAWS, DIM)) @ np.linalg.cholesky(spread[name]).T
        for name, fit in fits.items()
    }
    stacked, truth = shuffled(rng, draws)
    given = {
        "draws": stacked,
        "design": np.stack([fits[name].design for name in truth]),
        "y": np.stack([fits[name].y for name in truth]),
        "noise": np.array([fits[name].noise for name in truth]),
    }
    return Opened(given, truth)


seal(EXERCISE, draw)
