"""A network that learns Bayes' rule."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import Finding, holds
from autograder.checks.exercise import exercise
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays

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

LIMIT = 0.02


def _trained(probe: Probe, rng: np.random.Generator) -> tuple[Arrays, np.ndarray]:
    x, test = (
        2**0.5 * rng.normal(size=(64, 1)),
        np.linspace(-3, 3, 7)[:, None] + rng.uniform(-0.2, 0.2),
    )
    return probe.drive("train_recognizer", x=x, test=test, seed=int(rng.integers(1000))), test


def _kl(out: np.ndarray, x: np.ndarray) -> np.ndarray:
    loc, log_scale = out[:, 0], np.clip(out[:, 1], -50, 50)
    return np.exp(2 * log_scale) + (loc - x[:, 0] / 2) ** 2 - 0.5 - log_scale - 0.5 * np.log(2)


def _mean(reply: Arrays, x: np.ndarray) -> Finding:
    out = reply["out"]
    if not np.isfinite(out).all():
        says = "The steps were too large, or went downhill: maximize the ELBO."
        return holds(False, "finite answers", "NaN or infinity", "diverged", says)
    slope, offset = np.polyfit(x[:, 0], out[:, 0], 1)
    came, far = f"loc = {slope:.3f} x {offset:+.3f}", np.abs(out[:, 0] - x[:, 0] / 2).max()
    if np.allclose(out, reply["start"], atol=1e-3):
        key, says = (
            "untrained",
            "The encoder is as it was. Step an optimizer over encoder.parameters().",
        )
    elif abs(out[:, 1]).max() > 20 or abs(slope) > 20:
        key, says = (
            "diverged",
            "The encoder ran away: check that you maximize the ELBO (minimize minus it), and the step size.",
        )
    elif abs(slope - 1) < 0.1:
        key, says = (
            "prior_ignored",
            "loc = x: the likelihood alone was climbed. The joint has a prior too.",
        )
    elif abs(slope) < 0.2:
        key, says = (
            "ignores_x",
            "loc hardly depends on x: the gradient does not reach the network through z, or there were too few steps.",
        )
    else:
        key, says = (
            "not_there_yet",
            "On the way, but not there. Take more steps, more samples, or smaller steps towards the end.",
        )
    return holds(bool(far < 0.15), "loc within 0.15 of x/2 for x from -3 to 3", came, key, says)


def _scale(reply: Arrays) -> Finding:
    log_scale = reply["out"][:, 1]
    want, came = (
        0.5 * np.log(0.5),
        f"log_scale between {log_scale.min():.3f} and {log_scale.max():.3f}",
    )
    if np.allclose(reply["out"], reply["start"], atol=1e-3):
        key, says = (
            "untrained",
            "The encoder is as it was. Step an optimizer over encoder.parameters().",
        )
    elif log_scale.max() < -1.5:
        key, says = (
            "entropy_dropped",
            "The scale shrinks towards zero: log q is missing from what you climb.",
        )
    elif np.abs(log_scale - 0.2).max() < 1e-3:
        key, says = (
            "scale_not_trained",
            "log_scale is what it was. A squared error teaches only the mean: climb the ELBO.",
        )
    else:
        key, says = (
            "not_there_yet",
            "On the way, but not there. Take more steps, more samples, or smaller steps towards the end.",
        )
    return holds(
        bool(np.abs(log_scale - want).max() < 0.15),
        f"log_scale within 0.15 of {want:.3f}",
        came,
        key,
        says,
    )


@EXERCISE.part("On new data: the mean is x/2, the scale the root of one half", weight=2)
def posterior_on_new_data(probe: Probe, rng: np.random.Generator) -> Finding:
    reply, x = _trained(probe, rng)
    finding = _mean(reply, x)
    return finding if not finding.ok else _scale(reply)


@EXERCISE.part(
    f"The bound rises, and ends within {LIMIT} nats of the evidence, on average over new data"
)
def bound_on_new_data(probe: Probe, rng: np.random.Generator) -> Finding:
    reply, x = _trained(probe, rng)
    bounds = reply["bounds"]
    if bounds.ndim != 1 or len(bounds) < 20 or not np.isfinite(bounds).all():
        came = f"an array of shape {bounds.shape}"
        return holds(
            False,
            "at least 20 finite numbers",
            came,
            "history",
            "Collect the mean ELBO of each step.",
        )
    first, last = bounds[: len(bounds) // 10].mean(), bounds[-(len(bounds) // 10) :].mean()
    if not (last > first and last < 0):
        came = f"from {first:.3f} to {last:.3f}"
        if first < 0 and last < first:
            says = "The bound falls. Optimizers minimize: hand it minus the ELBO, and clear the gradients before each step."
            return holds(False, "a rising ELBO, below zero", came, "falling", says)
        says = "These look like losses: return the ELBO, not minus it." if first > last else ""
        return holds(False, "a rising ELBO, below zero", came, "loss_history", says)
    kl = float(_kl(reply["out"], x).mean())
    says = "Take more steps, or let the step size fall. Sticking the landing (unit 09) takes the last noise away."
    return holds(
        kl < LIMIT,
        f"a mean KL to the exact posterior below {LIMIT}",
        f"{kl:.4g}",
        "not_there_yet",
        says,
    )
