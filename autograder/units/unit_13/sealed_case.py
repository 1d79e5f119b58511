"""The sealed case: three linear autoencoders fitted to the same data, told apart by nothing but what they generate."""

from __future__ import annotations

import itertools

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 9, Collapse",
    hides=[],
    because="no function of course_vi gives a verdict on a model",
)

COLLAPSED, OTHER, RIGHT = "collapsed", "another objective", "right"
PIXELS, LATENTS, DRAWS, APART = 5, 3, 1000, 6.0


def _variances(values: np.ndarray, noise: float, beta: float, lost: int) -> dict[str, np.ndarray]:
    """What each generates along the eigenvectors of the data. noise: sigma^2. lost: the latent that one of them does not use."""

    def fitted(weight: float) -> np.ndarray:
        signal = np.maximum(values - weight * noise, 0)
        signal[LATENTS:] = 0
        return noise + signal

    collapsed = fitted(1.0)
    collapsed[lost] = noise
    return {RIGHT: fitted(1.0), OTHER: fitted(beta), COLLAPSED: collapsed}


def _told_apart(variances: dict[str, np.ndarray]) -> bool:
    """Whether any two differ by ``APART`` standard errors of an empirical variance, along some eigenvector."""
    error = np.max(list(variances.values()), 0) * (2 / DRAWS) ** 0.5
    return all(
        (np.abs(variances[a] - variances[b]) / error).max() > APART
        for a, b in itertools.combinations(sorted(variances), 2)
    )


def draw(rng: np.random.Generator) -> Opened:
    """Data by their mean and covariance, and pictures from three decoders.

    In half of the cases beta is above one, in half the collapsed model's total variance is the farther from right. If beta is above one
    the other objective has, in half of the cases, at least as many latents without use as the collapsed model.
    """
    above, farther, as_dead = (bool(coin) for coin in rng.random(3) < 0.5)
    while True:
        noise, beta = (
            rng.uniform(0.3, 1.5),
            rng.uniform(1.4, 3.5) if above else rng.uniform(0.2, 0.7),
        )
        values = np.sort(noise * np.exp(rng.uniform(np.log(0.4), np.log(8.0), PIXELS)))[::-1]
        used = int((values[:LATENTS] > noise).sum())
        if not used:
            continue
        variances = _variances(values, noise, beta, int(rng.integers(used)))
        total = {name: each.sum() for name, each in variances.items()}
        dead = {name: int((each[:LATENTS] == noise).sum()) for name, each in variances.items()}
        wanted = (total[RIGHT] - total[COLLAPSED] > abs(total[RIGHT] - total[OTHER])) == farther
        wanted &= not above or (dead[OTHER] >= dead[COLLAPSED]) == as_dead
        if wanted and _told_apart(variances):
            break
    axes, mean = np.linalg.qr(rng.normal(size=(PIXELS, PIXELS)))[0], rng.normal(size=PIXELS)
    pictures = {
        name: mean + (each**0.5 * rng.normal(size=(DRAWS, PIXELS))) @ axes.T
        for name, each in variances.items()
    }
    stacked, truth = shuffled(rng, pictures)
    given = {"draws": stacked, "mean": mean, "covariance": (axes * values) @ axes.T}
    given |= {"latent_dim": LATENTS, "noise_scale": float(noise**0.5), "beta": float(beta)}
    return Opened(given, truth)


seal(EXERCISE, draw)
