"""S5: a target where the score function wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array

EXERCISE = exercise(
    __name__,
    title="S5: a target where the score function wins",
    function="score_wins",
    points=3,
    difficulty=4,
    importance=4,
    minutes=25,
    read="section 5, A target where the score function wins",
    hides=[],
    because="the learner chooses a target of their own",
)

GRID = (
    np.linspace(-9.0, 9.0, 36_001) + 0.0001234
)  # off every round number, where a learner's f may have its corners
STEP = GRID[1] - GRID[0]
BULK = np.abs(GRID) < 5.0
FACTOR = 4.0
SIGNAL = 0.1  # of the score function's variance, the least square of the mean gradient
WILD = "f changes faster than our ruler can follow. A tenth of the frequency is plenty."
JUMP = (
    "f jumps. Where it does, its slope says nothing, so the pathwise gradient is not noisy but wrong: E f' is not the gradient of E f. "
    "Take a function without jumps."
)
SLOPE = (
    "f moves without a jump, and its slope, as backward finds it, is another: something inside f is detached, "
    "or not made by torch."
)
ENTRIES = (
    "The value at a point depends on which other points are asked along with it: a mean, a range or the order of z "
    "is in the formula. Let f see one entry at a time; centre on m, if at all."
)


def _integral(values: np.ndarray, step: int = 1) -> float:
    """E g(eps) by the trapezoid rule on the grid, or on every step-th point of it."""
    weights = np.exp(-0.5 * GRID[::step] ** 2)
    return float((weights * values[::step]).sum() / weights.sum())


def _measured(
    probe: Probe, rng: np.random.Generator, m: float, s: float
) -> tuple[Any, np.ndarray, Finding | None]:
    """The predicted variances as they came, and (pathwise, score) second moments and variances of the learner's f, ``(2, 2)``."""
    cut = rng.permutation(np.arange(rng.integers(9_000, 16_000), len(GRID)))[
        : rng.integers(700, 900)
    ]
    single = rng.integers(9_000, 27_000, 4)
    reply = probe.drive("target/on_a_grid", m=m, s=s, eps=GRID, cut=cut, single=single)
    f, slope = as_array(reply["value"]), as_array(reply["slope"])
    odd = _no_function(reply, np.concatenate([cut, single])) or _too_wild(f, slope, s)
    if odd is None:
        odd = _not_its_slope(f, slope, s)
    if odd is not None:
        return None, np.zeros((2, 2)), odd
    path, score = ([_integral(g**power) for power in (1, 2)] for g in (slope, f * GRID / s))
    squares = np.array([path[1], score[1]])
    return reply["predicted"], np.stack([squares, squares - [path[0] ** 2, score[0] ** 2]]), None


def _no_function(reply: dict[str, Any], asked_again: np.ndarray) -> Finding | None:
    """Whether f is finite, and the same number at the same point, whatever is asked beside it."""
    f, slope, again = (as_array(reply[name]) for name in ("value", "slope", "again"))
    if not (np.isfinite(f).all() and np.isfinite(slope).all()):
        hint = "Keep f away from poles."
        return holds(False, "f and its slope are finite", "NaN or infinity", "not_finite", hint)
    room = 1e-6 * np.abs(f).max()
    if np.abs(f - again).max() > room:
        hint = "f must not draw numbers, and not remember its last call."
        return holds(False, "f is a function", "two calls, two answers", "random_target", hint)
    apart = np.concatenate([as_array(reply["cut"]), as_array(reply["single"])]) - f[asked_again]
    if not np.abs(apart).max() <= room:
        return holds(
            False,
            "f(z) entry by entry: the same number at a point, whatever stands beside it",
            f"{np.abs(apart).max():.3g} apart, asked among other points or alone",
            "not_entry_by_entry",
            ENTRIES,
        )
    return None


def _too_wild(f: np.ndarray, slope: np.ndarray, s: float) -> Finding | None:
    """Whether coarser grids measure the same."""
    moments = np.array(
        [
            [_integral(g**power, step) for g in (slope, f * GRID / s) for power in (1, 2)]
            for step in (1, 2, 3)
        ]
    )
    if np.abs(moments[0] - moments[1:]).max() <= 1e-3 * (np.abs(moments[0]).max() + 1e-300):
        return None
    return holds(False, "f can be followed on a fine grid", "two grids disagree", "too_wild", WILD)


def _not_its_slope(f: np.ndarray, slope: np.ndarray, s: float) -> Finding | None:
    """Whether f, in the bulk of q, is the integral of its slope, so that it does not jump and nothing is detached."""
    f, slope = f[BULK], slope[BULK]
    height = np.ptp(f)
    if height <= 1e-9 * (np.abs(f).max() + 1e-300):
        hint = "f is constant where q is. Take one that moves, without jumps."
        return holds(False, "a target that moves", "one number everywhere", "flat", hint)
    apart = np.diff(f) - s * STEP * (slope[1:] + slope[:-1]) / 2
    drift, jump = np.abs(np.cumsum(apart)).max(), np.abs(apart).max()
    if max(drift, jump) <= 0.03 * height:
        return None
    jumps = jump > 0.2 * drift
    return holds(
        False,
        "f is the integral of its slope",
        f"it jumps by {jump:.3g}" if jumps else f"it is {drift:.3g} away from it",
        "jumps" if jumps else "false_slope",
        JUMP if jumps else SLOPE,
    )


def _places(rng: np.random.Generator) -> list[tuple[float, float]]:
    """m and s: both signs of m, far out and near; s over the whole range, its ends included."""
    far = float(rng.uniform(20, 60) * rng.choice([-1, 1]))
    return [
        (float(rng.uniform(-2.0, -0.3)), 0.25),
        (far, 2.5),
        (float(rng.uniform(0.3, 2.0)), float(rng.uniform(0.6, 1.4))),
    ]


@EXERCISE.part("f goes entry by entry, without jumps, and its slope is its own", weight=0.5)
def smooth_enough(probe: Probe, rng: np.random.Generator) -> Finding:
    for m, s in _places(rng):
        _, _, odd = _measured(probe, rng, m, s)
        if odd is not None:
            return odd
    return Finding(True, "a function without jumps", "so it is")


@EXERCISE.part("The score function has at most a quarter of the variance")
def variance_ratio(probe: Probe, rng: np.random.Generator) -> Finding:
    measured = []
    for m, s in _places(rng):
        _, (_, exact), odd = _measured(probe, rng, m, s)
        if odd is not None:
            return odd
        measured.append((exact[0] / max(exact[1], 1e-300), m, s))
    ratio, m, s = min(measured)
    if not ratio >= FACTOR:
        hint = (
            "Here the pathwise gradient is the quieter one, as usual. Its noise is that of the slope f': make f steep without "
            "making it large."
            if ratio < 1
            else "The score function wins, but not by enough. Turn the same screw further."
        )
        scaled = "Does your f know how wide q is? What counts is how often it turns within one standard deviation s."
        return holds(
            False,
            f"pathwise variance at least {FACTOR:g} times the score function's, at m = {m:.2f}, s = {s:.2f}",
            f"{ratio:.3g} times",
            "not_winning" if ratio < 1 else "not_enough",
            f"{hint} {scaled}",
        )
    return Finding(True, f"a ratio of {FACTOR:g} or more", f"{ratio:.3g}")


@EXERCISE.part("There is a gradient to find", needs=["variance_ratio"])
def signal(probe: Probe, rng: np.random.Generator) -> Finding:
    least = np.inf
    for m, s in _places(rng):
        _, (squares, exact), odd = _measured(probe, rng, m, s)
        if odd is not None:
            return odd
        share = (squares[0] - exact[0]) / max(exact[1], 1e-300)
        if not share >= SIGNAL:
            return holds(
                False,
                f"a squared mean gradient of at least {SIGNAL:g} of the score function's variance, at m = {m:.2f}, s = {s:.2f}",
                f"{share:.2g} of it",
                "no_signal",
                "Both estimators are noise around next to nothing here, and being quiet about nothing is no art. "
                "Let f rise, or fall, on the whole.",
            )
        least = min(least, share)
    return Finding(True, f"{SIGNAL:g} or more", f"{least:.2g}")


@EXERCISE.part("Both variances, as predicted", weight=1.5)
def predicted_variances(probe: Probe, rng: np.random.Generator) -> Finding:
    actual, seconds, right = [], [], []
    places = _places(rng)
    for m, s in places:
        predicted, (squares, exact), odd = _measured(probe, rng, m, s)
        if odd is not None:
            return odd
        if as_array(predicted).shape != (2,):
            return compare(predicted, exact, what="the variances (pathwise, score)")
        actual.append(as_array(predicted))
        seconds.append(squares)
        right.append(exact)
    want = np.array(right)
    widths = np.array([[1.0, s] for _, s in places])
    return compare(
        np.array(actual),
        want,
        rtol=0.02,
        atol=0.0,
        what="the variances (pathwise, score), at three places",
        mistakes=[
            Mistake(
                "order_swapped",
                "The two are exchanged: pathwise first, then the score function.",
                _near(want[:, ::-1]),
            ),
            Mistake(
                "standard_deviation",
                "These are standard deviations; variances were asked for.",
                _near(np.sqrt(want)),
            ),
            Mistake(
                "scale_missing",
                "The score for m is eps / s: its square brings 1 / s squared.",
                _near(want * widths**2),
            ),
            Mistake(
                "factor_half",
                "Both are twice too large. Is the average of a sine squared missing, one half?",
                _near(2 * want),
            ),
            Mistake(
                "mean_not_subtracted",
                "These are means of squares: subtract the square of the mean gradient.",
                _near(np.array(seconds)),
            ),
        ],
    )


def _near(value: np.ndarray) -> Callable[[np.ndarray], bool]:
    """Whether a prediction is this one, to 2 percent: closer than ``compare`` would ask."""
    return lambda got: got.shape == value.shape and bool(np.allclose(got, value, rtol=0.02))
