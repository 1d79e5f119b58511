"""The sealed case: three estimators of the gradient of a mean over two bits, told apart by what they give."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, misled, seal, shuffled
from autograder.units.unit_07.reference import sigmoid, states

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 3, The gradient of another problem",
    hides=[],
    because="no function of course_vi gives a verdict on an estimator",
)

THROUGH, RELAXED, UNBIASED = "straight-through", "relaxed", "unbiased"
REPLICATES, APART, PROPOSED = 4000, 6.0, 64
NOISE = np.linspace(-20.0, 20.0, 161)
WEIGHTS = sigmoid(NOISE) * sigmoid(-NOISE) / (sigmoid(NOISE) * sigmoid(-NOISE)).sum()
STATES = states(2)


class Problem(NamedTuple):
    """f(b) = level + linear b + b' quadratic b / 2, logits and temperature of P problems."""

    logits: np.ndarray  # (P, 2)
    temperature: np.ndarray  # (P)
    level: np.ndarray  # (P)
    linear: np.ndarray  # (P, 2)
    quadratic: np.ndarray  # (P, 2, 2), symmetric

    def f(self, b: np.ndarray) -> np.ndarray:
        """``(P, N, 2) -> (P, N)``."""
        bent = 0.5 * ((b @ self.quadratic) * b).sum(-1)
        value: np.ndarray = self.level[:, None] + (b * self.linear[:, None]).sum(-1) + bent
        return value

    def slope(self, b: np.ndarray) -> np.ndarray:
        """``(P, N, 2) -> (P, N, 2)``."""
        value: np.ndarray = self.linear[:, None] + b @ self.quadratic
        return value


def _from_bits(of: Problem, b: np.ndarray) -> dict[str, np.ndarray]:
    """What the two that use hard bits give at bits ``(P, N, 2)``."""
    p = sigmoid(of.logits)[:, None]
    return {THROUGH: of.slope(b) * p * (1 - p), UNBIASED: of.f(b)[..., None] * (b - p)}


def _relaxed(of: Problem, noise: np.ndarray) -> np.ndarray:
    """The gradient along the path at logistic noise ``(P, N, 2)``."""
    t = of.temperature[:, None, None]
    z = sigmoid((of.logits[:, None] + noise) / t)
    value: np.ndarray = of.slope(z) * z * (1 - z) / t
    return value


def _relaxed_moments(of: Problem) -> tuple[np.ndarray, np.ndarray]:
    """First and second moments of the relaxed gradient, ``(P, 2)`` each: the other bit enters by two moments of its own."""
    t = of.temperature[:, None, None]
    z = sigmoid((of.logits[..., None] + NOISE) / t)
    path = z * (1 - z) / t
    own = of.linear[..., None] + np.diagonal(of.quadratic, axis1=1, axis2=2)[..., None] * z
    pair = of.quadratic[:, :1, 1]
    mean, square = (z @ WEIGHTS)[:, ::-1], (z**2 @ WEIGHTS)[:, ::-1]
    first = (own * path) @ WEIGHTS + pair * mean * (path @ WEIGHTS)
    crossed = 2 * pair * mean * ((own * path**2) @ WEIGHTS)
    second = (own**2 * path**2) @ WEIGHTS + crossed + pair**2 * square * (path**2 @ WEIGHTS)
    return first, second


def moments(of: Problem) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean and variance of one sample of each, ``(P, 2)`` each, by enumeration and by quadrature."""
    p = sigmoid(of.logits)[:, None]
    chance = np.where(STATES > 0.5, p, 1 - p).prod(-1)[..., None]
    each = _from_bits(of, np.broadcast_to(STATES, (len(p), *STATES.shape)))
    raw = {name: ((chance * g).sum(1), (chance * g**2).sum(1)) for name, g in each.items()}
    raw[RELAXED] = _relaxed_moments(of)
    return {name: (first, second - first**2) for name, (first, second) in raw.items()}


def _problems(rng: np.random.Generator, louder: bool, smaller: bool) -> Problem:
    """Proposals. Where f bends and hardly rises the score is quiet and slopes are steep; a path shrinks where it is warm."""

    def between(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.uniform(low, high, (PROPOSED, *shape))

    logits = between(0.2, 1.8, 2) * rng.choice([-1, 1], (PROPOSED, 2))
    quadratic = between(-3.0, 3.0, 2, 2)
    quadratic = quadratic + np.swapaxes(quadratic, 1, 2)
    rise = between(-3.0, 3.0, 2) if louder else between(-1.0, 1.0, 2)
    linear = rise - (0.0 if louder else 0.5) * quadratic.sum(-1)
    temperature = between(0.5, 2.0) if smaller else between(0.25, 0.6)
    found = Problem(logits, temperature, np.zeros(PROPOSED), linear, quadratic)
    middle = found.f(sigmoid(logits)[:, None])[:, 0]
    return found._replace(level=between(-2.0, 2.0) - (0.0 if louder else middle))


def _wanted(of: Problem, farther: bool, louder: bool, smaller: bool, rule: str) -> np.ndarray:
    """Which problems are as the coins say and mislead a rule, with any two exact means ``APART`` standard errors from each other."""
    exact = moments(of)
    mean = {name: first for name, (first, _) in exact.items()}
    error = (np.max([variance for _, variance in exact.values()], 0) / REPLICATES) ** 0.5
    off = {name: np.linalg.norm(mean[name] - mean[UNBIASED], axis=1) for name in (THROUGH, RELAXED)}
    loud = {name: variance.sum(1) for name, (_, variance) in exact.items()}
    wanted = (off[THROUGH] > off[RELAXED]) == farther
    wanted &= (loud[UNBIASED] > np.maximum(loud[THROUGH], loud[RELAXED])) == louder
    size = {name: np.linalg.norm(first, axis=1) for name, first in mean.items()}
    wanted &= (size[RELAXED] < size[THROUGH]) == smaller
    for a, b in itertools.combinations(sorted(mean), 2):
        wanted &= np.abs((mean[a] - mean[b]) / error).max(1) > APART
    means = np.stack([mean[name] for name in (THROUGH, RELAXED, UNBIASED)], 1)
    own = (
        np.stack([exact[name][1] for name in (THROUGH, RELAXED, UNBIASED)], 1) / REPLICATES
    ) ** 0.5
    if rule == "first bit alone":
        return wanted & misled(means[..., :1], means[..., :1], own[..., :1])
    cold = _relaxed_moments(of._replace(temperature=np.ones_like(of.temperature)))[0]
    believed = np.stack([mean[THROUGH], cold, mean[UNBIASED]], 1)
    return wanted & misled(means, believed, own, surely=True)


def draw(rng: np.random.Generator) -> Opened:
    """A function of two bits, its logits, a temperature, and what three estimators print: a mean and its standard error, ``(3, 2)`` each.

    In half of the cases the unbiased one is the loudest. In two fifths the relaxed gradient is farther off than straight-through, and in
    another two fifths its mean is the larger of the two: neither size nor spread gives a name away. All mislead those who look at the
    first bit alone, or those who leave the temperature at one.

    Means alone are handed over: in draws one sees that two of the three take few values.
    """
    louder = bool(rng.random() < 0.5)
    kind = rng.choice(3, p=[0.2, 0.4, 0.4])
    farther, smaller = ((True, True), (True, False), (False, True))[kind]
    rule = "temperature of one" if rng.random() < 0.6 else "first bit alone"
    if smaller and not louder:  # there the temperature misleads next to nobody
        rule = "first bit alone"
    while True:
        proposed = _problems(rng, louder, smaller)
        found = np.flatnonzero(_wanted(proposed, farther, louder, smaller, rule))
        if len(found):
            break
    one = Problem(*(values[found[:1]] for values in proposed))
    shape = (1, REPLICATES, 2)
    draws = {RELAXED: _relaxed(one, rng.logistic(size=shape))[0]}
    for name in (THROUGH, UNBIASED):
        bits = (rng.random(shape) < sigmoid(one.logits)[:, None]).astype(float)
        draws[name] = _from_bits(one, bits)[name][0]
    printed = {name: np.stack([g.mean(0), g.std(0) / REPLICATES**0.5]) for name, g in draws.items()}
    stacked, truth = shuffled(rng, printed)
    numbers = {"temperature": float(one.temperature[0]), "level": float(one.level[0])}
    arrays = {name: getattr(one, name)[0] for name in ("logits", "linear", "quadratic")}
    given = {"means": stacked[:, 0], "errors": stacked[:, 1]}
    return Opened(given | arrays | numbers, truth)


seal(EXERCISE, draw)
