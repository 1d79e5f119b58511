"""The sealed case: three estimators of the gradient of an importance-weighted bound, told apart by what they give."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, misled, seal, shuffled

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 5, Where it does not help",
    hides=[],
    because="no function of course_vi gives a verdict on an estimator",
)

BIASED, NOISY, OTHER = "biased", "noisy", "another target"
REPLICATES, APART, PROPOSED = 4000, 6.0, 32
NODES = np.polynomial.hermite_e.hermegauss(16)
PAIRS = np.stack([axis.ravel() for axis in np.meshgrid(NODES[0], NODES[0])])
CHANCES = np.outer(NODES[1], NODES[1]).ravel() / NODES[1].sum() ** 2


class Kind(NamedTuple):
    """What a case must be like, so that neither size nor spread gives a name away.

    Attributes:
        farther: the biased mean is farther from the exact one than the other target.
        louder: the noisy one is the loudest of the three.
        calmer: the other target is quieter than the biased one.
        total: whoever averages the logarithms keeps the score term.
    """

    farther: bool
    louder: bool
    calmer: bool
    total: bool


KINDS = (  # equally likely
    Kind(farther=True, louder=False, calmer=True, total=False),
    Kind(farther=True, louder=True, calmer=True, total=False),
    Kind(farther=True, louder=True, calmer=False, total=True),
    Kind(farther=False, louder=False, calmer=False, total=False),
    Kind(farther=False, louder=True, calmer=False, total=False),
    Kind(farther=False, louder=True, calmer=True, total=False),
)


def _gradients(
    shift: np.ndarray, scale: np.ndarray, eps: np.ndarray, total: bool
) -> dict[str, np.ndarray]:
    """What each of the three gives for a pair of numbers of noise: (P, 2, N), for the mean and for the log scale.

    shift: x - 2 loc, all that the toy's datum and mean have to say, (P). scale: (P). eps: (2, N).
    """
    shift, scale = shift[:, None, None], scale[:, None, None]
    log_w = shift * scale * eps + (0.5 - scale**2) * eps**2
    weights = np.exp(log_w - log_w.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    slope = shift + (1 / scale - 2 * scale) * eps
    path = np.stack([slope, slope * scale * eps], 1)
    score = np.stack(np.broadcast_arrays(-eps / scale, 1 - eps**2 + 0 * scale), 1)
    weights = weights[:, None]
    return {
        BIASED: (weights * path).sum(2),
        NOISY: (weights * (path + score)).sum(2),
        OTHER: (path + score if total else path).mean(2),
    }


def _wanted(shift: np.ndarray, scale: np.ndarray, kind: Kind, by_scale: bool) -> np.ndarray:
    """Which proposals are of a kind, with any two exact means ``APART`` standard errors from each other.

    ``by_scale``: only the gradient of the log scale tells them apart.
    """
    each = _gradients(shift, scale, PAIRS, kind.total)
    mean = {name: values @ CHANCES for name, values in each.items()}
    variance = {name: values**2 @ CHANCES - mean[name] ** 2 for name, values in each.items()}
    error = (np.max(list(variance.values()), 0) / REPLICATES) ** 0.5
    off = {name: np.linalg.norm(mean[name] - mean[NOISY], axis=1) for name in (BIASED, OTHER)}
    loud = {name: values.sum(1) for name, values in variance.items()}
    wanted = (off[BIASED] > off[OTHER]) == kind.farther
    wanted &= (loud[NOISY] > np.maximum(loud[BIASED], loud[OTHER])) == kind.louder
    wanted &= (loud[OTHER] < loud[BIASED]) == kind.calmer
    for a, b in itertools.combinations(sorted(mean), 2):
        wanted &= np.abs((mean[a] - mean[b]) / error).max(1) > APART
    means = np.stack([mean[name] for name in (BIASED, NOISY, OTHER)], 1)
    own = (np.stack([variance[name] for name in (BIASED, NOISY, OTHER)], 1) / REPLICATES) ** 0.5
    return wanted & (misled(means[..., :1], means[..., :1], own[..., :1]) | (not by_scale))


def draw(rng: np.random.Generator) -> Opened:
    """The toy at one datum, a q, and the draws of three estimators of its bound of two samples."""
    kind = KINDS[rng.integers(len(KINDS))]
    by_scale = bool(rng.random() < 0.5) and kind != KINDS[-1]  # there the mean always tells
    while True:
        shift = rng.uniform(0.0, 3.0, PROPOSED) ** 2 / 3 * rng.choice([-1, 1], PROPOSED)
        scale = np.exp(rng.uniform(np.log(0.3), np.log(1.5), PROPOSED))
        found = np.flatnonzero(_wanted(shift, scale, kind, by_scale))[:1]
        if len(found):
            break
    draws = {}
    for name in (BIASED, NOISY, OTHER):
        eps = rng.normal(size=(2, REPLICATES))
        draws[name] = _gradients(shift[found], scale[found], eps, kind.total)[name][0].T
    stacked, truth = shuffled(rng, draws)
    loc = rng.uniform(-2, 2)
    x, width = float(shift[found][0] + 2 * loc), float(scale[found][0])
    return Opened({"draws": stacked, "x": x, "loc": float(loc), "scale": width}, truth)


seal(EXERCISE, draw)
