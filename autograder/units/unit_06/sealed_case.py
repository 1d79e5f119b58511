"""The sealed case: three estimators of the gradient of one mean cost, whose cost has a jump, told apart by what they give."""

from __future__ import annotations

import itertools

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
    read="section 5, A target where the score function wins",
    hides=[],
    because="no function of course_vi gives a verdict on an estimator",
)

BIASED, NOISY, OTHER = "biased", "noisy", "another target"
REPLICATES, APART, PROPOSED = 4000, 6.0, 64
RULES = ("mean alone", "ramp on both sides", "jump in the mean alone")
GRID = np.linspace(-6.0, 6.0, 241)
WEIGHTS = np.exp(-0.5 * GRID**2) / np.exp(-0.5 * GRID**2).sum()

Cost = dict[str, np.ndarray]  # its numbers by name, each for some proposals, (P)


def _gradients(cost: Cost, eps: np.ndarray) -> dict[str, np.ndarray]:
    """What each of the three gives for one number of noise: (P, 2, N), for the mean and for the log scale."""
    of = {name: values[:, None] for name, values in cost.items()}
    z, beyond = of["loc"] + of["scale"] * eps, (of["loc"] + of["scale"] * eps) - of["place"]
    value = of["level"] + of["slope"] * z + np.sin(of["wave"] * z) + of["height"] * (beyond > 0)
    plain = of["slope"] + of["wave"] * np.cos(of["wave"] * z)
    phased = plain + of["height"] / of["width"] * ((beyond > 0) & (beyond < of["width"]))
    return {
        BIASED: np.stack([plain, plain * of["scale"] * eps], 1),
        OTHER: np.stack([phased, phased * of["scale"] * eps], 1),
        NOISY: np.stack([value * eps / of["scale"], value * (eps**2 - 1)], 1),
    }


def _costs(rng: np.random.Generator, farther: bool, louder: bool) -> Cost:
    """Proposals of a q and a cost. A level makes the score function loud, a rapid wave the paths; a jump in the tail costs little."""

    def between(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, PROPOSED)

    loc, scale, slope = between(-2, 2), np.exp(between(np.log(0.3), np.log(2.0))), between(-2, 2)
    height = between(1.0, 3.0) if louder else between(1.0, 1.8)
    return {
        "loc": loc,
        "scale": scale,
        "level": between(-3, 3) if louder else between(-0.5, 0.5) - slope * loc,
        "slope": slope,
        "wave": (between(0.5, 2.5) if louder else between(2.0, 3.7)) / scale,
        "place": loc + scale * (between(-1.3, 1.3) if farther else between(-2.0, -1.3)),
        "height": height * rng.choice([-1, 1], PROPOSED),
        "width": scale * (between(0.8, 2.0) if farther else between(1.2, 2.0)),
    }


def _wanted(cost: Cost, farther: bool, louder: bool, calmer: bool, rule: str) -> np.ndarray:
    """Which proposals are as the coins say and mislead a rule, with any two exact means ``APART`` standard errors from each other."""
    each = _gradients(cost, GRID)
    mean = {name: values @ WEIGHTS for name, values in each.items()}
    variance = {name: values**2 @ WEIGHTS - mean[name] ** 2 for name, values in each.items()}
    error = (np.max(list(variance.values()), 0) / REPLICATES) ** 0.5
    off = {name: np.linalg.norm(mean[name] - mean[NOISY], axis=1) for name in (BIASED, OTHER)}
    loud = {name: values.sum(1) for name, values in variance.items()}
    wanted = (off[BIASED] > off[OTHER]) == farther
    wanted &= (loud[NOISY] > np.maximum(loud[BIASED], loud[OTHER])) == louder
    wanted &= (loud[OTHER] < loud[BIASED]) == calmer
    for a, b in itertools.combinations(sorted(mean), 2):
        wanted &= np.abs((mean[a] - mean[b]) / error).max(1) > APART
    if not rule:
        return wanted
    means = np.stack([mean[name] for name in (BIASED, NOISY, OTHER)], 1)
    own = (np.stack([variance[name] for name in (BIASED, NOISY, OTHER)], 1) / REPLICATES) ** 0.5
    if rule == "mean alone":
        return wanted & misled(means[..., :1], means[..., :1], own[..., :1])
    believed = means.copy()
    if rule == "jump in the mean alone":
        believed[:, 1, 1] = means[:, 0, 1]
    else:  # the ramp is centred on the place
        moved = cost | {"place": cost["place"] - cost["width"] / 2}
        believed[:, 2] = _gradients(moved, GRID)[OTHER] @ WEIGHTS
    return wanted & misled(means, believed, own, surely=True)


def draw(rng: np.random.Generator) -> Opened:
    """A cost, a q, and the draws of three estimators.

    In seven of ten cases the forgotten jump costs more than the other target is away, in half the score function is not the loudest, and
    in half the other target is the quieter one of the two paths: neither size nor spread gives a name away. Of the
    seven half mislead those who look at the gradient of the mean alone, a quarter each those who misplace the ramp, or the jump's part.
    """
    farther = bool(rng.random() < 0.7)
    louder, calmer = (bool(coin) for coin in rng.random(2) < 0.5)
    rule = (
        str(rng.choice(RULES, p=(0.5, 0.25, 0.25))) if farther else ""
    )  # a jump far out misleads nobody
    while True:
        proposed = _costs(rng, farther, louder)
        found = np.flatnonzero(_wanted(proposed, farther, louder, calmer, rule))
        if len(found):
            break
    cost = {name: values[found[:1]] for name, values in proposed.items()}
    draws = {
        name: _gradients(cost, rng.normal(size=REPLICATES))[name][0].T
        for name in (BIASED, NOISY, OTHER)
    }
    stacked, truth = shuffled(rng, draws)
    return Opened({"draws": stacked} | {name: float(cost[name][0]) for name in cost}, truth)


seal(EXERCISE, draw)
