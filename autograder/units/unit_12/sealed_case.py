"""The sealed case: three factorized fits of three Gaussian posteriors, told apart by their variances."""

from __future__ import annotations

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
    read="section 2, Which divergence, and where",
    hides=[],
    because="no function of course_vi gives a verdict on a fit",
)

REVERSE, FORWARD, BETWEEN = "reverse", "forward", "between"
SAMPLES, APART, PROPOSED, ROUNDS = 10_000, 6.0, 16, 40
WIDE, ASIDE = 8.0, 0.03


def fits(precision: np.ndarray) -> dict[str, np.ndarray]:
    """Variances ``(*, D)`` of the best factorized Gaussian in each of the three senses.

    That of the Hellinger distance matches the variances of the Gaussian midway between p and q, with the mean of both precisions. It is
    found by iteration: far less than a standard error from rest after so many rounds.
    """
    reverse = 1 / np.diagonal(precision, axis1=-2, axis2=-1)
    forward = np.diagonal(np.linalg.inv(precision), axis1=-2, axis2=-1)
    between = np.sqrt(reverse * forward)
    for _ in range(ROUNDS):
        middle = 0.5 * precision.copy()
        np.einsum("...ii->...i", middle)[...] += 0.5 / between
        between = np.diagonal(np.linalg.inv(middle), axis1=-2, axis2=-1)
    return {REVERSE: reverse, FORWARD: forward, BETWEEN: between}


def _precisions(rng: np.random.Generator, dim: int, sizes: tuple[int, ...]) -> np.ndarray:
    """Proposals, ``(P, 3, D, D)``, for reverse, forward, between: correlated weakly or strongly, on scales that follow ``sizes``.

    From three dimensions on one coordinate, a wide one, goes nearly its own way: in it the three senses are alike.
    """
    root = rng.normal(size=(PROPOSED, 3, dim, dim + 1))
    aside = int(rng.integers(dim)) if dim > 2 else None
    covariance = root @ np.swapaxes(root, -1, -2)
    scale = np.diagonal(covariance, axis1=-2, axis2=-1) ** -0.5
    scale = scale * np.exp(0.7 * np.array(sizes)[:, None] + rng.uniform(-0.2, 0.2, scale.shape))
    if aside is not None:
        scale[..., aside] *= WIDE
    found: np.ndarray = np.linalg.inv(covariance * scale[..., None] * scale[..., None, :])
    if aside is not None:
        kept = np.full((dim, dim), 1.0)
        kept[aside, :] = kept[:, aside] = ASIDE
        kept[aside, aside] = 1.0
        found = found * kept
    return found


def _wanted(precision: np.ndarray, stretched: bool, shrunken: bool) -> np.ndarray:
    """Which proposals are as the coins say, with any two senses ``APART`` standard errors from each other at every posterior."""
    each = fits(precision)
    logs = {name: np.log(found) for name, found in each.items()}
    error = (2 / SAMPLES) ** 0.5
    middle = logs[BETWEEN][:, 2]
    wide = (logs[FORWARD] - logs[REVERSE])[:, 1].mean(-1)
    narrow = (logs[REVERSE] - logs[FORWARD])[:, 0].mean(-1)
    wanted = (wide > (middle - logs[REVERSE][:, 2]).mean(-1)) == stretched
    wanted &= (narrow < (middle - logs[FORWARD][:, 2]).mean(-1)) == shrunken
    for a, b in ((REVERSE, FORWARD), (REVERSE, BETWEEN), (FORWARD, BETWEEN)):
        wanted &= (np.abs(logs[a] - logs[b]).max(-1) > APART * error).all(-1)
    found: np.ndarray = wanted & (logs[FORWARD] - logs[REVERSE] < np.log(12)).all((-1, -2))
    return found


def draw(rng: np.random.Generator) -> Opened:
    """Three posteriors, by their precisions ``(3, D, D)``, and what 10,000 draws of each q tell of its variances, ``(3, D)`` twice.

    The three have scales of their own, so that the size of a variance gives nothing away: any order of sizes is as likely. In half of
    the cases the forward fit is less stretched, beside the reverse one *of its own posterior*, than the one between; in half the reverse
    fit is less shrunken, beside the forward one of its own, than the one between.
    """
    stretched, shrunken = (bool(one) for one in rng.random(2) < 0.5)
    dim, sizes = int(rng.integers(2, 5)), tuple(int(one) for one in rng.permutation(3))
    while True:
        proposed = _precisions(rng, dim, sizes)
        found = np.flatnonzero(_wanted(proposed, stretched, shrunken))
        if len(found):
            break
    precision = proposed[found[0]]
    each = fits(precision)
    sealed = {}
    for row, name in enumerate((REVERSE, FORWARD, BETWEEN)):
        seen = each[name][row] * rng.chisquare(SAMPLES, dim) / SAMPLES
        sealed[name] = np.concatenate(
            [precision[row], np.stack([seen, seen * (2 / SAMPLES) ** 0.5])]
        )
    stacked, truth = shuffled(rng, sealed)
    given = {
        "variances": stacked[:, -2],
        "errors": stacked[:, -1],
        "precision": stacked[:, :-2],
    }
    return Opened(given, truth)


seal(EXERCISE, draw)
