"""The sealed case: three estimators of the gradient of one bound, told apart by what they give."""

from __future__ import annotations

import itertools

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled
from autograder.units.unit_05.reference import chances

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=5,
    minutes=30,
    read="section 3, What the model knows: Rao-Blackwellization",
    hides=[],
    because="no function of course_vi gives a verdict on an estimator",
)

BIASED, NOISY, OTHER = "biased", "noisy", "another target"
REPLICATES, BITS, APART = 800, 3, 6.0


def _gradient(
    rng: np.random.Generator,
    f: np.ndarray,
    weights: np.ndarray,
    score: np.ndarray,
    samples: int,
    baseline: bool,
) -> np.ndarray:
    """Replicates of the score-function gradient, ``(R, D)``, with the samples' own mean as a baseline or with none."""
    drawn = rng.choice(len(weights), (REPLICATES, samples), p=weights)
    reward = f[drawn] - (f[drawn].mean(-1, keepdims=True) if baseline else 0.0)
    gradient: np.ndarray = (reward[..., None] * score[drawn]).mean(1)
    return gradient


def _told_apart(
    means: dict[str, np.ndarray],
    weights: np.ndarray,
    rewards: dict[str, np.ndarray],
    score: np.ndarray,
    samples: int,
) -> bool:
    """Whether any two exact means differ by ``APART`` standard errors of so many samples, in some logit."""
    one = [
        weights @ (score * f[:, None]) ** 2 - (weights @ (score * f[:, None])) ** 2
        for f in rewards.values()
    ]
    error = (np.max(one, 0) / (samples * REPLICATES)) ** 0.5
    return all(
        np.abs((means[a] - means[b]) / error).max() > APART
        for a, b in itertools.combinations(sorted(means), 2)
    )


def draw(rng: np.random.Generator) -> Opened:
    """A model on three bits, a q, and the draws of three estimators at two numbers of samples.

    In half of the cases the bias at few samples is larger than what the forgotten term makes, and in half the other target is louder
    than the plain estimator: neither size nor spread gives a name away.
    """
    farther, louder = rng.random(2) < 0.5
    samples = ((2, 8), (3, 12), (2, 6))[rng.integers(3)]
    while True:
        logits = rng.uniform(0.3, 1.5, BITS) * rng.choice([-1, 1], BITS)
        level = rng.uniform(-5.0, -3.0) if louder else rng.uniform(-0.5, 1.0)
        log_p = level + (2.5 if farther else 1.0) * rng.normal(size=2**BITS)
        states, weights = chances(logits)
        score = states - 1 / (1 + np.exp(-logits))
        rewards = {NOISY: log_p - np.log(weights), OTHER: log_p}
        exact, other = (weights * rewards[NOISY]) @ score, (weights * log_p) @ score
        means = {BIASED: (1 - 1 / samples[0]) * exact, NOISY: exact, OTHER: other}
        nearer = np.linalg.norm(means[BIASED] - exact) < np.linalg.norm(other - exact)
        if nearer != farther and _told_apart(means, weights, rewards, score, samples[0]):
            break
    ways = {BIASED: (rewards[NOISY], True), NOISY: (rewards[NOISY], False), OTHER: (log_p, False)}
    draws = {
        name: np.stack([_gradient(rng, f, weights, score, count, baseline) for count in samples])
        for name, (f, baseline) in ways.items()
    }
    stacked, truth = shuffled(rng, draws)
    table = log_p.reshape((2,) * BITS)
    given = {"draws": stacked, "samples": list(samples), "logits": logits, "log_p": table}
    return Opened(given, truth)


seal(EXERCISE, draw)
