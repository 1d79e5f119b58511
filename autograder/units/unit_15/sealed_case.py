"""The sealed case: three linear beta-VAEs, each with data of its own, told apart by their rates and distortions."""

from __future__ import annotations

from typing import NamedTuple

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
    minutes=35,
    read="section 6, What a prior cannot identify",
    hides=[],
    because="no function of course_vi gives a verdict on a representation",
)

RIGHT, ROTATED, COLLAPSED = "right", "rotated", "collapsed"
PRECISION, APART, PROPOSED = 0.003, 6.0, 80


class People(NamedTuple):
    """Proposals, P of them, the first third right, the second rotated, the third collapsed.

    Attributes:
        eigenvalues: of the data of each, ``(P, Dx)``, the largest first.
        beta, level: ``(P)``; the level is beta sigma^2, and below the eigenvalue of each latent.
        seen: rate and distortion, ``(P, 2)``.
        clear: whether no other name, with any latent dead, would give the same data numbers within ``APART`` standard errors.
        off: how far from those of a right one, in standard errors.
    """

    eigenvalues: np.ndarray
    beta: np.ndarray
    level: np.ndarray
    seen: np.ndarray
    clear: np.ndarray
    off: np.ndarray


def plain(eigenvalues: np.ndarray, latents: int, level: np.ndarray) -> np.ndarray:
    """Rate and distortion of latents along the axes: all alive, then without each of them; ``(P, 1 + D, 2)``."""
    kept, rest = eigenvalues[:, :latents], eigenvalues[:, latents:].sum(-1)
    nats, gained = 0.5 * np.log(kept / level[:, None]), kept - level[:, None]
    full = np.stack([nats.sum(-1), latents * level + rest], -1)[:, None]
    return np.concatenate([full, full + np.stack([-nats, gained], -1)], 1)


def turned(
    eigenvalues: np.ndarray, latents: int, level: np.ndarray, turn: np.ndarray
) -> np.ndarray:
    """Rate and distortion ``(P, 2)`` of the same decoders with latents turned, ``turn: (P, D, D)``, and the best independent encoders."""
    kept, rest = eigenvalues[:, :latents], eigenvalues[:, latents:].sum(-1)

    def diagonal(along: np.ndarray) -> np.ndarray:
        return np.einsum("pij,pi,pij->pj", turn, along, turn)

    precision = diagonal(kept / level[:, None])
    means = diagonal(1 - level[:, None] / kept)  # variances of the posterior means
    rate = 0.5 * (1 / precision + means - 1 + np.log(precision)).sum(-1)
    missed = (level[:, None] ** 2 / kept).sum(-1) + rest
    return np.stack([rate, missed + level * (1 - 1 / precision).sum(-1)], -1)


def _people(rng: np.random.Generator, dim: int, latents: int) -> People:
    """Proposals with data, beta and sigma of their own; rotations small and large; any latent may be the dead one."""
    count = 3 * PROPOSED
    spread = rng.uniform(1.0, 5.0, (count, 1))
    values = np.exp(spread * rng.random((count, dim)) + rng.uniform(-2, 2, (count, 1)))
    values = np.sort(values, -1)[:, ::-1]
    beta = np.exp(rng.uniform(0.5, 1.2, count) * rng.choice([-1, 1], count))
    level = values[:, latents - 1] * np.exp(-rng.uniform(0.1, 1.5, count))
    wild = np.linalg.qr(rng.normal(size=(count, latents, latents)))[0]
    one = np.eye(latents)
    turn = np.linalg.qr(one + rng.uniform(0.2, 1, (count, 1, 1)) * (wild - one))[0]
    dead = np.where(rng.random(count) < 0.5, latents, rng.integers(1, latents + 1, count))
    others = plain(values, latents, level)
    other = turned(values, latents, level, turn)
    seen = np.concatenate(
        [
            others[:PROPOSED, 0],
            other[PROPOSED : 2 * PROPOSED],
            others[np.arange(2 * PROPOSED, count), dead[2 * PROPOSED :]],
        ]
    )
    error = PRECISION * seen[:, None]
    clear = (np.abs(others - other[:, None]) / error).max(-1).min(-1) > APART
    clear &= (np.abs(others[:, 1:] - others[:, :1]) / error).max(-1).min(-1) > APART
    off = np.sqrt((((others[:, 0] - seen) / error[:, 0]) ** 2).sum(-1))
    return People(values, beta, level, seen, clear, off)


def _chosen(people: People, coins: np.ndarray, rng: np.random.Generator) -> list[int] | None:
    """Three proposals, right, rotated and collapsed, who are as the coins say."""
    right, rotated, collapsed = (
        np.flatnonzero(people.clear[start : start + PROPOSED]) + start
        for start in (0, PROPOSED, 2 * PROPOSED)
    )
    rate, share = people.seen[:, 0], people.seen[:, 1] / people.eigenvalues.sum(-1)
    as_told = np.ones((len(right), len(rotated), len(collapsed)), dtype=bool)
    for number, coin in ((rate, coins[0]), (share, coins[1])):
        as_told &= ((number[collapsed] > number[right][:, None]) == coin)[:, None, :]
    for number, coin in ((rate, coins[2]), (share, coins[3])):
        as_told &= ((number[rotated] > number[right][:, None]) == coin)[:, :, None]
    as_told &= (people.off[rotated][:, None] > people.off[collapsed]) == coins[4]
    found = np.argwhere(as_told)
    if not len(found):
        return None
    a, b, c = found[rng.integers(len(found))]
    return [int(right[a]), int(rotated[b]), int(collapsed[c])]


def draw(rng: np.random.Generator) -> Opened:
    """Three people, with data, noise and beta of their own, and what was measured of each, to three in a thousand.

    Coins decide whether the collapsed and the rotated one have more rate than the right one, whether they lose a larger share of their
    data's variance, and which of the two is farther from what the optimum would give, in standard errors. So no order of these numbers
    gives the names away.
    """
    dim, latents = int(rng.integers(5, 8)), int(rng.integers(3, 5))
    coins = rng.random(5) < 0.5
    while True:
        people = _people(rng, dim, latents)
        chosen = _chosen(people, coins, rng)
        if chosen is not None:
            break
    sealed = {}
    for name, index in zip((RIGHT, ROTATED, COLLAPSED), chosen, strict=True):
        seen, beta = people.seen[index], people.beta[index]
        errors = PRECISION * seen
        measured = seen + errors * rng.normal(size=2)
        sigma = np.sqrt(people.level[index] / beta)
        sealed[name] = np.concatenate(
            [measured, errors, [sigma, beta], rng.permutation(people.eigenvalues[index])]
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
