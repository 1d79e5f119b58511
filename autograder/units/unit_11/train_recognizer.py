"""A network that learns Bayes' rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.shared import (
    LOG_2PI,
    as_array,
    decided_by_the_seed,
    last_tenth,
    not_a_history,
)

EXERCISE = exercise(
    __name__,
    title="A network that learns Bayes' rule",
    function="train_recognizer",
    points=3,
    difficulty=3,
    importance=5,
    minutes=30,
    read="section 3, A function instead of a table",
    hides=[],
    because="learning.fit, on an Amortized family, is a right answer",
)

LIMIT, ROOM = 0.02, 0.15
DATA = 64
UNTRAINED = "The encoder is as it was. Step an optimizer over the parameters of the encoder you are given, and not of a copy."
MORE = (
    "The bound was still rising when you stopped: take more steps, or larger ones at the beginning."
)


class _Run(NamedTuple):
    """A problem that nobody knows beforehand, and what the learner made of it.

    Attributes:
        test: data that the encoder has not seen, ``(T, 1)``.
        before, out: what the encoder says of them before and after training, ``(T, 2)``.
        first, last: the mean ELBO before training, and the mean log evidence.
        history: what the learner returned.
        paths: the encoder's numbers early in three more runs, two of one seed and one of another; empty if there were none.
    """

    test: np.ndarray
    before: np.ndarray
    out: np.ndarray
    precision: float
    first: float
    last: float
    history: np.ndarray
    paths: np.ndarray

    @property
    def untrained(self) -> bool:
        return bool(np.allclose(self.out, self.before, atol=1e-3))

    @property
    def rising(self) -> bool:
        """Whether training stopped while its bound still rose."""
        history = self.history
        if history.ndim != 1 or len(history) < 20 or not np.isfinite(history).all():
            return False
        tenth = len(history) // 10
        return bool(history[-tenth:].mean() - history[-2 * tenth : -tenth].mean() > 0.02)


def _trained(probe: Probe, rng: np.random.Generator, again: bool = False) -> _Run:
    """Train; and begin again, twice from one seed and then from another."""
    scale = rng.uniform(1.5, 2.0) if rng.random() < 0.5 else rng.uniform(0.65, 0.75)
    precision = 1 + 1 / scale**2
    x = 2**0.5 * rng.normal(size=(DATA, 1))
    test = np.linspace(-3, 3, 7)[:, None] + rng.uniform(-0.2, 0.2)
    weight = np.array([[rng.uniform(-0.3, 0.1)], [rng.uniform(-0.05, 0.05)]])
    bias = np.array([rng.choice([-1, 1]) * rng.uniform(1.2, 1.6), rng.uniform(0.1, 0.3)])
    evidence = -0.5 * x**2 / (1 + scale**2) - 0.5 * np.log(1 + scale**2) - 0.5 * LOG_2PI
    seed = int(rng.integers(1000))
    reply = probe.drive(
        "train_recognizer",
        x=x,
        test=test,
        seed=seed,
        others=[seed, seed, seed + 1] if again else [],
        prior_scale=scale,
        weight=weight,
        bias=bias,
    )
    start = evidence.mean() - _kl(x @ weight.T + bias, x, precision).mean()
    return _Run(
        test,
        test @ weight.T + bias,
        as_array(reply["out"]),
        precision,
        float(start),
        float(evidence.mean()),
        as_array(reply["bounds"]),
        as_array(reply["paths"]),
    )


def _kl(out: np.ndarray, x: np.ndarray, precision: float) -> np.ndarray:
    """From what an encoder says to the posterior N(x / precision, 1 / precision)."""
    loc, log_scale = out[:, 0], np.clip(out[:, 1], -50, 50)
    far = precision * (loc - x[:, 0] / precision) ** 2
    return 0.5 * (precision * np.exp(2 * log_scale) + far - 1 - np.log(precision)) - log_scale


def _why(run: _Run) -> tuple[str, str]:
    """The reason why a run fell short, where what was learned proves one."""
    x, loc, log_scale = run.test[:, 0], run.out[:, 0], run.out[:, 1]

    def hint(value: Any, room: float = 0.05) -> bool:
        return bool(np.abs(loc - value).max() < room)

    if run.untrained:
        return "untrained", UNTRAINED
    if np.abs(run.out).max() > 20 and not hint(x / run.precision, ROOM):
        return (
            "diverged",
            "The encoder ran away. Is it the ELBO that is maximized, and are the steps small enough?",
        )
    if hint(x, 0.1) and np.abs(log_scale).max() < 0.1:
        return (
            "prior_ignored",
            "N(x, 1) is the best q for the likelihood alone. The joint has a prior too: climb p.log_joint(x, z).",
        )
    if hint(x / 2):
        return (
            "toy_assumed",
            "loc is x/2, the answer for a standard normal prior. This p has another: ask p.log_joint, it knows.",
        )
    if hint(x / run.precision, ROOM) and log_scale.max() < -1.5:
        return (
            "entropy_dropped",
            "loc is the mode and the scale shrinks towards zero: log q is missing from what you climb.",
        )
    if np.ptp(run.out - run.before, axis=0).max() < 1e-6:
        return (
            "only_the_bias",
            "What the encoder says moved by the same amount for every x: its bias was trained and its weights were not.",
        )
    if np.allclose(log_scale, run.before[:, 1], atol=1e-6):
        return (
            "scale_not_trained",
            "log_scale is what it was. Whatever you climb does not depend on it; the ELBO does.",
        )
    return ("not_there_yet", MORE) if run.rising else ("property", "")


@EXERCISE.part("On new data: the posterior's mean and scale", weight=2)
def posterior_on_new_data(probe: Probe, rng: np.random.Generator) -> Finding:
    run = _trained(probe, rng)
    if not np.isfinite(run.out).all():
        hint = "The steps were too large, or went downhill: maximize the ELBO."
        return holds(False, "finite answers", "NaN or infinity", "diverged", hint)
    x, slope = run.test[:, 0], 1 / run.precision
    line = np.polyfit(x, run.out[:, 0], 1)
    far = np.abs(run.out[:, 0] - slope * x).max()
    if far >= ROOM:
        expected = f"loc within {ROOM} of {slope:.3f} x, the posterior's, for x from -3 to 3"
        return holds(False, expected, f"loc = {line[0]:.3f} x {line[1]:+.3f}", *_why(run))
    want, log_scale = -0.5 * np.log(run.precision), run.out[:, 1]
    if np.abs(log_scale - want).max() >= ROOM:
        actual = f"log_scale between {log_scale.min():.3f} and {log_scale.max():.3f}"
        return holds(False, f"log_scale within {ROOM} of {want:.3f}", actual, *_why(run))
    kl = float(_kl(run.out, run.test, run.precision).mean())
    expected = f"a mean KL to the exact posterior below {LIMIT}"
    return holds(kl < LIMIT, expected, f"{kl:.2g}", *_why(run))


@EXERCISE.part("The history: the mean ELBO from the start to the end, the same for the same seed")
def history(probe: Probe, rng: np.random.Generator) -> Finding:
    run = _trained(probe, rng, again=True)
    one = run.history
    broken = not_a_history(one, 2, "the mean ELBO")
    if broken is not None:
        return broken
    finding = _ends(run, one)
    if not finding.ok:
        return finding
    seeded = decided_by_the_seed(*run.paths)
    way = f"from {one[0]:.3f} to {last_tenth(one):.3f}"
    return replace(seeded, actual=way) if seeded.ok else seeded


def _ends(run: _Run, history: np.ndarray) -> Finding:
    """Whether a history begins near the ELBO of the encoder as it was and ends near the mean log evidence."""
    first, last = run.first, run.last
    room = 0.3 + 0.2 * (last - first)

    def fits(values: np.ndarray) -> bool:
        return abs(values[0] - first) < room and abs(last_tenth(values) - last) < ROOM

    if fits(history):
        return Finding(True)
    expected = f"from about {first:.3f}, the mean ELBO before training, to about {last:.3f}"
    actual = f"from {history[0]:.3f} to {last_tenth(history):.3f}"
    half = 0.5 * LOG_2PI
    # A history of something else may lie anywhere, half a log 2 pi off as well.
    learned = bool(_kl(run.out, run.test, run.precision).mean() < LIMIT)
    if run.untrained:
        return holds(False, expected, actual, "untrained", UNTRAINED)
    for key, hint, values in (
        ("loss_history", "These are losses: return the ELBO, not minus it.", -history),
        (
            "history_of_sums",
            f"These are sums over the {DATA} data. Return their means.",
            history / DATA,
        ),
        (
            "constant_lost",
            "The history lies half a log 2 pi too high all along: a constant of the densities is lost.",
            history - half,
        ),
        (
            "constant_lost",
            "The history lies half a log 2 pi too low all along: a constant of the densities is there once too often.",
            history + half,
        ),
    ):
        if fits(values) and (learned or key != "constant_lost"):
            return holds(False, expected, actual, key, hint)
    if abs(history[0] - first) < room and last_tenth(history) < history[0]:
        hint = "The bound falls. Optimizers minimize: hand them minus the ELBO, and clear the gradients before each step."
        return holds(False, expected, actual, "falling", hint)
    return holds(False, expected, actual, *_why(run))
