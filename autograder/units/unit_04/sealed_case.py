"""The sealed case: three programs that run EM, told apart by the bound that they print and by where they rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=3,
    importance=4,
    minutes=25,
    read="section 1, Two climbs of one function",
    hides=[],
    because="no function of course_vi gives a verdict on a program",
)

FROZEN, RIGHT, STALE = "frozen weights", "right", "stale"
ROUNDS, DATA, PROPOSED = 70, 40, 8
FALLS, OFF, RESTS = 0.02, 0.03, 1e-7  # nats; a share; a share


class Run(NamedTuple):
    """What programs leave, for P sets of data: the bound at the start and after each round, weights and rates at the end."""

    bound: np.ndarray  # (P, T + 1)
    weights: np.ndarray  # (P, 2)
    rates: np.ndarray  # (P, 2)


def responsibilities(x: np.ndarray, weights: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """``(P, N), (P, 2), (P, 2) -> (P, N, 2)``."""
    log_joint = np.log(weights)[:, None] + x[..., None] * np.log(rates)[:, None] - rates[:, None]
    shares = np.exp(log_joint - log_joint.max(-1, keepdims=True))
    normalized: np.ndarray = shares / shares.sum(-1, keepdims=True)
    return normalized


def _bound(x: np.ndarray, r: np.ndarray, weights: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """F(r, theta) of a mixture of Poisson distributions, ``(P)``."""
    at = x[..., None]
    log_joint = np.log(weights)[:, None] + at * np.log(rates)[:, None] - rates[:, None]
    log_joint = log_joint - gammaln(at + 1)
    value: np.ndarray = (r * (log_joint - np.log(np.maximum(r, 1e-300)))).sum((1, 2))
    return value


def run(name: str, x: np.ndarray, weights: np.ndarray, rates: np.ndarray, step: float) -> Run:
    """One program for ``ROUNDS`` rounds. ``step`` is the share of each M-step that is taken."""
    counts = weights * x.shape[1]
    bounds = [_bound(x, responsibilities(x, weights, rates), weights, rates)]
    for _ in range(ROUNDS):
        r = responsibilities(x, weights, rates)
        before, counts = counts, r.sum(1)
        divisor = before if name == STALE else counts
        best = (r * x[..., None]).sum(1) / divisor
        rates = rates + step * (best - rates)
        if name != FROZEN:
            weights = weights + step * (counts / x.shape[1] - weights)
        bounds.append(_bound(x, r, weights, rates))
    return Run(np.stack(bounds, -1), weights, rates)


def _as_named(name: str, x: np.ndarray, found: Run) -> np.ndarray:
    """Which runs rest at the end, and show what is asked for by their names, clearly: ``(P)``."""
    r = responsibilities(x, found.weights, found.rates)
    off = np.abs(r.mean(1) - found.weights).max(-1)
    rests = np.abs((r * x[..., None]).sum(1) / r.sum(1) / found.rates - 1).max(-1) < RESTS
    falls = -np.diff(found.bound, axis=1).min(1)
    if name == FROZEN:
        return rests & (off > OFF)
    return rests & (off < RESTS) & ((falls > FALLS) if name == STALE else (falls < 1e-9))


def _one(rng: np.random.Generator, name: str, slow: bool) -> dict[str, np.ndarray]:
    """Data of its own for a program, and what the program leaves."""
    while True:
        low = rng.uniform(1.0, 5.0, (PROPOSED, 1))
        high = low + rng.uniform(6.0, 12.0, (PROPOSED, 1))
        share = rng.uniform(0.25, 0.75, (PROPOSED, 1))
        first = rng.random((PROPOSED, DATA)) < share
        x = rng.poisson(np.where(first, low, high)).astype(float)
        rates = np.concatenate([low, high], 1) * np.exp(rng.uniform(-0.4, 0.4, (PROPOSED, 2)))
        begin = rng.uniform(0.2, 0.8, (PROPOSED, 1))
        order = rng.permutation(2)  # which cluster is called the first
        weights = np.concatenate([begin, 1 - begin], 1)
        with np.errstate(all="ignore"):  # a stale program may lose a cluster, and rests nowhere
            found = run(name, x, weights, rates[:, order], 0.5 if slow else 1.0)
            fine = np.flatnonzero(_as_named(name, x, found))
        if len(fine):
            return {key: values[fine[0]] for key, values in (found._asdict() | {"x": x}).items()}


def draw(rng: np.random.Generator) -> Opened:
    """What three programs leave, each of which has data of its own: levels of the bound cannot be compared.

    In half of the cases the right one takes half of each M-step, in half the frozen one does: pace gives no name away. All three rest.
    """
    slow = dict(zip((FROZEN, RIGHT), rng.random(2) < 0.5, strict=True))
    left = {name: _one(rng, name, bool(slow.get(name))) for name in (FROZEN, RIGHT, STALE)}
    order, truth = shuffled(rng, {name: np.array(name) for name in left})
    stacked = {
        key: np.stack([left[str(name)][key] for name in order])
        for key in ("bound", "x", "weights", "rates")
    }
    return Opened(stacked, truth)


seal(EXERCISE, draw)
