"""The calibration curve of Gaussian predictions, and how far chance moves it when targets belong to functions."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="Calibration, with its error",
    function="calibration",
    points=2,
    difficulty=2,
    importance=4,
    minutes=20,
    read="section 7, Calibration: what it cannot show",
    hides=[],
    because="course_vi draws no calibration curves",
)

COVERAGE, ERROR = 0, 1
NAMES = "coverage, error"
WHAT = ("the coverage at each level", "its standard error")


class Given(NamedTuple):
    """Targets, predicted means and standard deviations, ``(F, T)`` each; levels ``(L)``."""

    y: np.ndarray
    loc: np.ndarray
    scale: np.ndarray
    levels: np.ndarray

    def inside(self, width: np.ndarray, scale: np.ndarray | None = None) -> np.ndarray:
        """Which targets lie within so many standard deviations, ``(L, F, T)``."""
        off = np.abs(self.y - self.loc) / (self.scale if scale is None else scale)
        return (off <= width[:, None, None]).astype(float)


def widths(levels: np.ndarray) -> np.ndarray:
    """How many standard deviations to either side hold this much of a normal."""
    value: np.ndarray = ndtri(0.5 + 0.5 * levels)
    return value


def _error(inside: np.ndarray) -> np.ndarray:
    """The standard error of the mean of the functions' shares."""
    shares = inside.mean(-1)
    value: np.ndarray = shares.std(-1, ddof=1) / shares.shape[-1] ** 0.5
    return value


def right(given: Given) -> tuple[np.ndarray, np.ndarray]:
    inside = given.inside(widths(given.levels))
    return inside.mean((1, 2)), _error(inside)


def _of_coverage(given: Given) -> dict[str, np.ndarray]:
    inside = given.inside(widths(given.levels))
    off = (given.y - given.loc) / given.scale
    whole = ndtri(given.levels)
    return {
        "one_sided": (off <= whole[:, None, None]).mean((1, 2)),
        "level_as_quantile": given.inside(whole).mean((1, 2)),
        "level_as_width": given.inside(given.levels).mean((1, 2)),
        "scale_as_variance": given.inside(widths(given.levels), given.scale**0.5).mean((1, 2)),
        "outside": 1 - inside.mean((1, 2)),
        "all_of_a_function": inside.min(-1).mean(-1),
        "levels_returned": given.levels,
    }


def _of_error(given: Given) -> dict[str, np.ndarray]:
    inside = given.inside(widths(given.levels))
    functions, targets = given.y.shape
    share = inside.mean((1, 2))
    shares = inside.mean(-1)
    binomial = np.sqrt(share * (1 - share))
    return {
        "targets_independent": binomial / (functions * targets) ** 0.5,
        "targets_independent_unbiased": inside.reshape(len(share), -1).std(-1, ddof=1)
        / (functions * targets) ** 0.5,
        "binomial_of_functions": binomial / functions**0.5,
        "level_s_own": np.sqrt(given.levels * (1 - given.levels) / (functions * targets)),
        "spread_for_error": shares.std(-1, ddof=1),
        "divided_by_the_number": shares.std(-1) / functions**0.5,
        "variance_for_error": _error(inside) ** 2,
        "over_targets": inside.mean(1).std(-1, ddof=1) / targets**0.5
        if targets > 1
        else np.full(len(share), np.nan),
        "divided_by_all": shares.std(-1, ddof=1) / (functions * targets) ** 0.5,
        "twice": 1.96 * _error(inside),
    }


SAYS = {
    "one_sided": "This is how many targets lie below a quantile. Intervals are central: they leave out as much above as below.",
    "level_as_quantile": "The width is the quantile of the level itself. A central interval leaves out (1 - level) / 2 on either side.",
    "level_as_width": "The level is used as a number of standard deviations.",
    "scale_as_variance": "`scale` is used as a variance. It is a standard deviation.",
    "outside": "This is how many targets lie outside.",
    "all_of_a_function": "This counts functions of which all targets lie inside. Count targets.",
    "levels_returned": "These are the levels. What share of the targets lies inside?",
    "targets_independent": "This error takes all targets to be independent. Those of one function are not.",
    "targets_independent_unbiased": "This error takes all targets to be independent. Those of one function are not.",
    "binomial_of_functions": "This is binomial, as if each function had one target. How much do the functions' shares vary?",
    "level_s_own": "This is binomial at the level itself, for independent targets. How much do the functions' shares vary?",
    "spread_for_error": "This is the standard deviation of the functions' shares. That of their mean is smaller.",
    "divided_by_the_number": "The standard deviation of the shares is divided by their number. One degree of freedom went into their "
    "mean.",
    "variance_for_error": "This is the square of the standard error.",
    "over_targets": "The shares are taken target by target, over functions. Independent are the functions.",
    "divided_by_all": "The spread of the functions' shares is divided by the root of the number of targets. How many shares are "
    "averaged?",
    "twice": "This is 1.96 standard errors. One is asked.",
}


def _mistakes(given: Given, row: int) -> list[Mistake]:
    found = _of_coverage(given) if row == COVERAGE else _of_error(given)
    return [Mistake(key, SAYS[key], value) for key, value in found.items()]


def _given(
    rng: np.random.Generator,
    functions: int = 9,
    targets: int = 7,
    levels: int = 5,
    size: float = 1.0,
    stretch: float = 1.0,
) -> Given:
    """Predictions with scales of their own; the targets of a function are off together, the more so for some."""
    shape = (functions, targets)
    scale = size * np.exp(rng.uniform(-1, 1, shape))
    common = rng.normal(size=(functions, 1)) * rng.uniform(0.5, 1.2, (functions, 1))
    loc = size * 3 * rng.normal(size=shape)
    y = loc + stretch * scale * (0.8 * common + 0.6 * rng.normal(size=shape))
    return Given(y, loc, scale, rng.permutation(np.linspace(0.15, 0.92, levels)) + rng.uniform(0, 0.03, levels))  # fmt: skip


def _judged(probe: Probe, given: Given, *rows: int) -> Finding:
    finding = Finding(True)
    parts = unpack(probe.value(*given), 2, NAMES)
    for row in rows:
        if finding.ok:
            known = functools.partial(_mistakes, given, row)
            finding = compare(parts[row], right(given)[row], known, rtol=1e-8, what=WHAT[row])
    return finding


@EXERCISE.part("The share of targets inside, level by level")
def coverage(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng), COVERAGE)
    return (
        finding if not finding.ok else _judged(probe, _given(rng, 30, 4, 7, stretch=2.0), COVERAGE)
    )


@EXERCISE.part("Its standard error", weight=1.5)
def error(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng), ERROR)
    return finding if not finding.ok else _judged(probe, _given(rng, 4, 12, 3), ERROR)


@EXERCISE.part(
    "Targets within a hundred-millionth of the end of an interval; levels from 0.001 to 0.9999; scales of 0.001 and 30",
    weight=0.5,
    needs=["coverage", "error"],
)
def near_the_edge(probe: Probe, rng: np.random.Generator) -> Finding:
    small, large = _given(rng, size=1e-3), _given(rng, size=30.0)
    near = _given(rng, 8, 6, 4)
    level = near.levels[rng.integers(4, size=near.y.shape)]
    side = rng.choice([-1, 1], near.y.shape) * (1 + 1e-8 * rng.choice([-1, 1], near.y.shape))
    near = near._replace(y=near.loc + near.scale * widths(level) * side)
    ends = np.array([0.001, 0.9999, 0.5, 0.99])
    far = _given(rng, 6, 40, 4, stretch=1.4)._replace(levels=ends)
    finding = Finding(True)
    for given in (near, far, small, large):
        finding = _judged(probe, given, COVERAGE, ERROR) if finding.ok else finding
    return finding


@EXERCISE.part(
    "Two functions; one target each; one level; as many functions as targets; a level twice; means that are hit",
    weight=0.5,
    needs=["coverage", "error"],
)
def small(probe: Probe, rng: np.random.Generator) -> Finding:
    finding, square = Finding(True), _given(rng, 6, 6, 6)
    hit = square._replace(
        y=np.where(rng.random((6, 6)) < 0.2, square.loc, square.y),
        levels=square.levels[[0, 1, 2, 3, 4, 0]],
    )
    cases = [_given(rng, 2, 5, 3), _given(rng, 12, 1, 3), _given(rng, 5, 6, 1), square, hit]
    for given in cases:
        finding = _judged(probe, given, COVERAGE, ERROR) if finding.ok else finding
    return finding
