"""S5: a target where the score function wins."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.exercise import exercise
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
FACTOR = 4.0
WILD = "f changes faster than our ruler can follow. A tenth of the frequency is plenty."
JUMP = (
    "f jumps. Where it does, its slope says nothing, so the pathwise gradient is not noisy but wrong: E f' is not the gradient of E f. "
    "Take a function without jumps."
)


def _integral(values: np.ndarray, step: int = 1) -> float:
    """E g(eps) by the trapezoid rule on the grid, or on every step-th point of it."""
    weights = np.exp(-0.5 * GRID[::step] ** 2)
    return float((weights * values[::step]).sum() / weights.sum())


def _measured(probe: Probe, m: float, s: float) -> tuple[Any, np.ndarray, Finding | None]:
    """The predicted variances as they came, and the exact ones (pathwise, score) of the learner's f."""
    reply = probe.drive("target/on_a_grid", m=m, s=s, eps=GRID)
    f, slope, again = (as_array(reply[name]) for name in ("value", "slope", "again"))
    if not (np.isfinite(f).all() and np.isfinite(slope).all()):
        return (
            None,
            np.zeros(2),
            holds(
                False,
                "f and its slope are finite",
                "NaN or infinity",
                "not_finite",
                "Keep f away from poles.",
            ),
        )
    if not np.array_equal(f, again):
        return (
            None,
            np.zeros(2),
            holds(
                False,
                "f is a function",
                "two calls gave two answers",
                "random_target",
                "f must not draw numbers.",
            ),
        )
    score = f * GRID / s
    moments = np.array(
        [
            [_integral(g**power, step) for g in (slope, score) for power in (1, 2)]
            for step in (1, 2, 3)
        ]
    )
    size = np.abs(moments[0]).max() + 1e-300
    if np.abs(moments[0] - moments[1:]).max() > 1e-3 * size:
        return (
            None,
            np.zeros(2),
            holds(
                False, "f can be followed on a fine grid", "two grids disagree", "too_wild", WILD
            ),
        )
    path_mean, path_square, score_mean, score_square = moments[0]
    if abs(path_mean - score_mean) > 0.02 * np.sqrt(max(path_square, score_square)):
        return (
            None,
            np.zeros(2),
            holds(
                False,
                f"E f' = {score_mean:.4g}, the gradient of E f in m",
                f"{path_mean:.4g}",
                "jumps",
                JUMP,
            ),
        )
    if not slope.any():
        return (
            None,
            np.zeros(2),
            holds(
                False,
                "a target with a slope",
                "slope zero at every point of the grid",
                "flat",
                "f is constant, or jumps from one constant to another. Take one that moves, without jumps.",
            ),
        )
    return (
        reply["predicted"],
        np.array([path_square - path_mean**2, score_square - score_mean**2]),
        None,
    )


def _places(rng: np.random.Generator) -> list[tuple[float, float]]:
    return [
        (float(rng.normal()), float(s)) for s in (rng.uniform(0.25, 0.4), rng.uniform(1.5, 2.5))
    ]


@EXERCISE.part("f is smooth enough for both estimators to be unbiased", weight=0.5)
def smooth_enough(probe: Probe, rng: np.random.Generator) -> Finding:
    for m, s in _places(rng):
        _, _, odd = _measured(probe, m, s)
        if odd is not None:
            return odd
    return Finding(True, "two estimators, one mean", "so it is")


@EXERCISE.part("The score function has at most a quarter of the variance")
def variance_ratio(probe: Probe, rng: np.random.Generator) -> Finding:
    for m, s in _places(rng):
        _, exact, odd = _measured(probe, m, s)
        if odd is not None:
            return odd
        ratio = exact[0] / max(exact[1], 1e-300)
        if not ratio >= FACTOR:
            says = (
                "Here the pathwise gradient is the quieter one, as usual. Its noise is that of the slope f': make f steep without "
                "making it large."
                if ratio < 1
                else "The score function wins, but not by enough. Turn the same screw further."
            )
            scaled = "Does your f know how wide q is? What counts is how often it turns within one standard deviation s."
            other = "not_winning" if ratio < 1 else "not_enough"
            return holds(
                False,
                f"pathwise variance at least {FACTOR:g} times the score function's, at m = {m:.2f}, s = {s:.2f}",
                f"{ratio:.3g} times",
                other,
                f"{says} {scaled}",
            )
    return Finding(True, f"a ratio of {FACTOR:g} or more", f"{ratio:.3g}")


@EXERCISE.part("Both variances, as predicted", weight=1.5)
def predicted_variances(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for m, s in _places(rng):
        predicted, exact, odd = _measured(probe, m, s)
        if odd is not None:
            return odd
        finding = compare(
            predicted,
            exact,
            rtol=0.02,
            atol=0.0,
            what="the variances (pathwise, score)",
            mistakes=[
                Mistake(
                    "order_swapped",
                    "The two are exchanged: pathwise first, then the score function.",
                    lambda got, exact=exact: _near(got, exact[::-1]),
                ),
                Mistake(
                    "standard_deviation",
                    "These are standard deviations; variances were asked for.",
                    lambda got, exact=exact: _near(got, np.sqrt(exact)),
                ),
                Mistake(
                    "scale_missing",
                    "The score for m is eps / s: its square brings 1 / s squared.",
                    lambda got, exact=exact, s=s: _near(got, exact * [1.0, s**2]),
                ),
                Mistake(
                    "factor_half",
                    "A sine squared is one half on average.",
                    lambda got, exact=exact: _near(got, 2 * exact),
                ),
            ],
        )
        if not finding.ok:
            return finding
    return finding


def _near(got: np.ndarray, value: np.ndarray) -> bool:
    return got.shape == value.shape and bool(np.allclose(got, value, rtol=0.03))
