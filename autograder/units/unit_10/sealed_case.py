"""The sealed case: four bounds, told apart by their values at weights that nobody shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled
from autograder.units.unit_10 import jackknife as exact_jackknife
from autograder.units.unit_10.reference import log_mean_exp
from autograder.units.unit_10.renyi import renyi

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 2, Other averages of the same weights",
    hides=[],
    because="no function of course_vi says which bound a value comes from",
)

Value = Callable[[np.ndarray], np.ndarray]
IWAE, RENYI, JACKKNIFE, TEMPERED = "iwae", "renyi", "jackknife", "thermodynamic"
FAR = (1000.0, 2000.0)


def _jackknife(log_w: np.ndarray, order: int) -> np.ndarray:
    return exact_jackknife.jackknife(exact_jackknife.Given(log_w, order))


def _tempered(log_w: np.ndarray, beta: float, side: str) -> np.ndarray:
    """Two intervals, (0, b) and (b, 1), read on the left or on the right."""

    def mean(at: float) -> float:
        share = np.exp(at * (log_w - log_w.max()))
        return float(share @ log_w / share.sum())

    low, high = (0.0, beta) if side == "left" else (beta, 1.0)
    return np.array(beta * mean(low) + (1 - beta) * mean(high))


def _row(bound: Value, log_w: np.ndarray) -> np.ndarray:
    """At the weights, at each of them twice, and with their logarithms spread out."""
    return np.array([bound(log_w), bound(np.repeat(log_w, 2)), *(bound(t * log_w) for t in FAR)])


def _bounds(rng: np.random.Generator, left: bool, above: bool) -> dict[str, Value]:
    alpha = float(rng.uniform(-1.5, -0.4) if above else rng.uniform(0.25, 0.8))
    side = "left" if left else "right"
    return {
        IWAE: log_mean_exp,
        RENYI: partial(renyi, alpha=alpha),
        JACKKNIFE: partial(_jackknife, order=int(rng.integers(1, 3))),
        TEMPERED: partial(_tempered, beta=float(rng.uniform(0.25, 0.75)), side=side),
    }


def _wanted(plain: dict[str, float], left: bool, above: bool, coins: np.ndarray) -> bool:
    """Whether the order of the values is as the coins say, as far as theory leaves it open."""
    wanted = bool(np.diff(np.sort(list(plain.values()))).min() > 0.01)
    if above != left:  # Renyi's and the thermodynamic one lie on one side of IWAE
        wanted &= (plain[RENYI] > plain[TEMPERED]) == bool(coins[0])
    if above or not left:  # something else lies above IWAE
        wanted &= (plain[JACKKNIFE] == max(plain.values())) == bool(coins[1])
    return wanted


def draw(rng: np.random.Generator) -> Opened:
    """Four bounds of the same four to seven weights: rows of values, ``(4, 4)``.

    Coins decide on which side of IWAE Renyi's lies (its alpha is negative or positive), where the thermodynamic sum reads its curve,
    which of the two is higher where they lie on one side, and whether the jackknife is the highest of all.
    """
    left, above, *coins = (rng.random(4) < 0.5).tolist()
    while True:
        log_w = rng.uniform(-8, 3) + rng.uniform(0.8, 1.8) * rng.normal(size=rng.integers(4, 8))
        bounds = _bounds(rng, left, above)
        plain = {name: float(one(log_w)) for name, one in bounds.items()}
        lead = np.diff(np.sort(log_w))[-1]
        if lead > 0.1 and _wanted(plain, left, above, np.array(coins)):
            break
    values, truth = shuffled(rng, {name: _row(one, log_w) for name, one in bounds.items()})
    return Opened({"values": values, "num_samples": len(log_w)}, truth)


seal(EXERCISE, draw)
