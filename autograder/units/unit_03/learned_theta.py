"""Learning theta with a poor family."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack
from autograder.units.unit_03.reference import asked_twice
from autograder.units.unit_03.theta import Args, learned, likeliest, theta_mistakes

EXERCISE = exercise(
    __name__,
    title="Learning theta with a poor family",
    function="learned_theta",
    points=3,
    difficulty=4,
    importance=5,
    minutes=30,
    read="Many bounds, one curve: learning theta",
    hides=[],
    because="no function of course_vi knows where this bound is largest",
)

ROOM = 1e-5  # relative, and absolute: a numerical search finds the top to half of its digits
NAMES = "theta, bias"
NOT_ZERO = (
    "Where your formula asks for the root of a negative number, the top is at theta = 0: look at the slope of "
    "the bound there."
)


def _data(rng: np.random.Generator, square: np.ndarray, count: int) -> np.ndarray:
    """Data, ``(*B, N)``, whose mean square is the one given, and whose mean is not zero."""
    x = rng.normal(size=(*square.shape, count)) + rng.choice([-1.0, 1.0], (*square.shape, 1)) * 0.7
    return x * np.sqrt(square / (x**2).mean(-1))[..., None]


def _inside(rng: np.random.Generator, batch: tuple[int, ...], count: int) -> Args:
    """Data sets in which there is something to learn, and a scale on either side of the one that is right for them."""
    noise = np.exp(rng.uniform(-1.5, 1.5, batch))
    square = noise**2 * rng.uniform(2.0, 9.0, batch)
    away = np.exp(rng.choice([-1, 1], batch) * rng.uniform(0.15, 0.4, batch))
    scale = away * noise / np.sqrt(square)
    return _data(rng, square, count), scale, noise


def _asked(probe: Probe, args: Args, index: int, what: str) -> Finding:
    reply, sampled = asked_twice(probe, *args)
    got, want = unpack(reply, 2, NAMES)[index], learned(*args)[index]
    finding = sampled or compare(
        got, want, theta_mistakes(args, index), rtol=ROOM, atol=ROOM, what=what
    )
    if finding.diagnosis != "not_finite":
        return finding
    square, noise = (args[0] ** 2).mean(-1), args[2]
    rootless = (noise * np.sqrt(square) / args[1] < noise**2) | (square < noise**2)
    actual = as_array(got)
    mended = (
        np.where(np.isfinite(actual) | ~rootless, actual, want)
        if actual.shape == want.shape
        else actual
    )
    unmended = compare(mended, want, rtol=ROOM, atol=ROOM).ok
    return replace(finding, diagnosis="below_zero", hint=NOT_ZERO) if unmended else finding


def _everywhere(probe: Probe, rng: np.random.Generator, index: int, what: str) -> Finding:
    finding = Finding(True)
    for batch, count in (((6,), 7), ((), 1), ((2, 1), 4)):
        if finding.ok:
            finding = _asked(probe, _inside(rng, batch, count), index, what)
    return finding


@EXERCISE.part("Where the bound of the data set is largest")
def top_of_the_bound(probe: Probe, rng: np.random.Generator) -> Finding:
    return _everywhere(probe, rng, 0, "theta")


@EXERCISE.part("How far that is from maximum likelihood")
def bias_of_theta(probe: Probe, rng: np.random.Generator) -> Finding:
    return _everywhere(probe, rng, 1, "the bias")


def _edges(rng: np.random.Generator) -> Args:
    """Where the bound learns nothing, where the evidence does, where neither does; a very narrow q; a top that is hardly above zero."""
    noise = np.exp(rng.uniform(-1.0, 1.0, 5))
    ratio = np.array([3.0, 0.5, 0.6, 4.0, 2.0]) * rng.uniform(
        0.9, 1.1, 5
    )  # root mean square over sigma
    scale = ratio * np.array([1.4, 0.5, 1.5, 0.01, 1.0]) * rng.uniform(0.9, 1.1, 5)
    scale[4] = 0.999 * ratio[4]
    return _data(rng, (ratio * noise) ** 2, 5), scale, noise


@EXERCISE.part(
    "Where one of the two learns nothing, or both; and for a very narrow q",
    needs=["top_of_the_bound"],
)
def at_the_edge(probe: Probe, rng: np.random.Generator) -> Finding:
    args, finding = _edges(rng), Finding(True)
    for index, what in enumerate(("theta", "the bias")):
        finding = _asked(probe, args, index, what) if finding.ok else finding
    return finding


def _climb(x: np.ndarray, scale: np.ndarray, noise: np.ndarray, steps: int = 1500) -> np.ndarray:
    """Where theta comes to rest if means and theta take turns, each at its best; the formula has no part in it."""
    theta = np.ones_like(noise)
    for _ in range(steps):
        means = theta[:, None] * x / (noise**2 + theta**2)[:, None]
        theta = (means * x).mean(-1) / ((means**2).mean(-1) + scale**2)
    return theta


@EXERCISE.part(
    "Predicted, and measured by a climb", weight=0.5, needs=["top_of_the_bound", "bias_of_theta"]
)
def where_the_climb_ends(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _inside(rng, (2,), 50)
    theta, bias = unpack(probe.value(*args), 2, NAMES)
    rest = _climb(*args)
    finding = compare(
        theta, rest, rtol=1e-4, atol=1e-4, what="theta, where a climb of the bound comes to rest,"
    )
    if not finding.ok:
        return finding
    best = likeliest((args[0] ** 2).mean(-1), args[2])
    return compare(
        bias, rest - best, rtol=1e-4, atol=1e-4, what="its distance from maximum likelihood"
    )
