"""The sealed case: three linear beta-VAEs, each with data of its own, told apart by their rates and distortions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled
from autograder.units.unit_15.reference import rotation

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 6, What a prior cannot identify",
    hides=[],
    because="no function of course_vi gives a verdict on a representation",
)

RIGHT, ROTATED, COLLAPSED = "right", "rotated", "collapsed"
PRECISION, APART, POOL = 0.01, 6.0, 8


class Person(NamedTuple):
    """Somebody's eigenvalues, the largest first ``(Dx)``, latents, sigma, beta, and what there is to see: (rate, distortion)."""

    eigenvalues: np.ndarray
    latents: int
    sigma: float
    beta: float
    seen: np.ndarray

    @property
    def share(self) -> float:
        """The share of the data's variance that is lost."""
        return float(self.seen[1] / self.eigenvalues.sum())


def plain(
    eigenvalues: np.ndarray, latents: int, level: float, off: int | None = None
) -> np.ndarray:
    """(rate, distortion) of the best latents along the axes; ``off`` is one that has collapsed."""
    kept = eigenvalues[:latents]
    alive = kept > level
    if off is not None:
        alive = alive & (np.arange(latents) != off)
    rate = 0.5 * np.log(kept[alive] / level).sum()
    return np.array([rate, level * alive.sum() + kept[~alive].sum() + eigenvalues[latents:].sum()])


def turned(eigenvalues: np.ndarray, latents: int, level: float, turn: np.ndarray) -> np.ndarray:
    """(rate, distortion) of the same decoder with rotated latents, and the best encoder with independent ones."""
    kept = np.maximum(eigenvalues[:latents], level)
    precision = turn.T @ (turn * (kept / level)[:, None])
    variance = 1 / np.diagonal(precision)
    share = (
        eigenvalues[:latents] * (kept - level) / kept**2
    )  # of the posterior mean, along each axis
    moved = np.diagonal(turn.T @ (turn * share[:, None]))
    rate = 0.5 * (variance + moved - 1 - np.log(variance)).sum()
    missed = (eigenvalues[:latents] * (level / kept) ** 2).sum() + eigenvalues[latents:].sum()
    return np.array([rate, missed + variance @ (level * (np.diagonal(precision) - 1))])


def _apart(one: np.ndarray, other: np.ndarray, scale: np.ndarray) -> bool:
    return bool((np.abs(one - other) / (PRECISION * scale)).max() > APART)


def _person(rng: np.random.Generator, name: str, dim: int, latents: int) -> Person:
    """Somebody whose numbers are no others' by six standard errors. All latents have an eigenvalue above the level."""
    while True:
        values = np.sort(np.exp(rng.uniform(0, 3.2, dim) + rng.uniform(-2, 2)))[::-1]
        beta = float(np.exp(rng.uniform(0.5, 1.2) * rng.choice([-1, 1])))
        level = float(values[latents - 1] * np.exp(-rng.uniform(0.3, 1.5)))
        best = plain(values, latents, level)
        off = [plain(values, latents, level, one) for one in range(latents)]
        size = float(rng.uniform(0.1, 1.0))
        turn = np.linalg.qr(np.eye(latents) + size * (rotation(rng, latents) - np.eye(latents)))[0]
        other = turned(values, latents, level, turn)
        seen = {RIGHT: best, ROTATED: other, COLLAPSED: off[int(rng.integers(latents))]}[name]
        clear = [_apart(other, one, seen) for one in (best, *off)]
        clear += [_apart(best, one, seen) for one in off]
        if all(clear) and best[0] > 0.5:
            return Person(values, latents, float((level / beta) ** 0.5), beta, seen)


def draw(rng: np.random.Generator) -> Opened:
    """Three people, with data, noise and beta of their own, and what was measured of each, to one percent.

    Coins decide whether the collapsed and the rotated one have more rate than the right one, and whether they lose a larger share of
    their data's variance, so that no order of the numbers as they stand gives the names away.
    """
    dim, latents = int(rng.integers(5, 8)), int(rng.integers(3, 5))
    coins = [bool(one) for one in rng.random(4) < 0.5]
    while True:
        pools = [
            [_person(rng, name, dim, latents) for _ in range(POOL)]
            for name in (RIGHT, ROTATED, COLLAPSED)
        ]
        found = [
            (a, b, c)
            for a in pools[0]
            for b in pools[1]
            for c in pools[2]
            if [c.seen[0] > a.seen[0], b.seen[0] > a.seen[0], c.share > a.share, b.share > a.share]
            == coins
        ]
        if found:
            break
    chosen = found[int(rng.integers(len(found)))]
    sealed = {}
    for name, person in zip((RIGHT, ROTATED, COLLAPSED), chosen, strict=True):
        errors = PRECISION * person.seen
        measured = person.seen + errors * rng.normal(size=2)
        sealed[name] = np.concatenate(
            [measured, errors, [person.sigma, person.beta], rng.permutation(person.eigenvalues)]
        )
    stacked, truth = shuffled(rng, sealed)
    given = {
        "measured": stacked[:, :2],
        "errors": stacked[:, 2:4],
        "eigenvalues": stacked[:, 6:],
        "noise_scale": stacked[:, 4],
        "beta": stacked[:, 5],
        "latent_dim": latents,
    }
    return Opened(given, truth)


seal(EXERCISE, draw)
