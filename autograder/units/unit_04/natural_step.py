"""A step along the natural gradient of a Gaussian, from its ordinary gradient."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack

EXERCISE = exercise(
    __name__,
    title="The natural-gradient step",
    function="natural_step",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="CAVI without all the data",
    hides=[],
    because="natural-gradient SVI of course_vi moves a mixture, and gets no gradients",
)

Args = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]
NAMES = "loc, log_scale"
LOC, LOG_SCALE = 0, 1
TITLES = ("the new loc", "the new log_scale")


def right(
    loc: np.ndarray, log_scale: np.ndarray, slope_loc: np.ndarray, slope_log: np.ndarray, rho: float
) -> tuple[np.ndarray, np.ndarray]:
    """(loc, log_scale) after a step of length rho in the natural parameters (m / s^2, -1 / (2 s^2))."""
    log_after = log_scale - 0.5 * np.log1p(-rho * slope_log)
    return loc + rho * np.exp(2 * log_after) * slope_loc, log_after


def _variants(args: Args) -> list[tuple[str, str, tuple[np.ndarray, np.ndarray]]]:
    """Keys, sentences, and (loc, log_scale) as usual mistakes give them."""
    loc, log_scale, g, h, rho = args
    s2, after = np.exp(2 * log_scale), right(*args)
    with np.errstate(all="ignore"):
        blended = 0.5 * np.log((1 - rho) * s2 + rho * s2 / (1 - h))
        return [
            (
                "plain_gradient",
                "This is a step along the ordinary gradient.",
                (loc + rho * g, log_scale + rho * h),
            ),
            (
                "in_loc_and_log_scale",
                "This divides the gradient by the Fisher information of (loc, log_scale), and takes the step in these. The direction is "
                "right, the step is not: it was to be taken in the natural parameters.",
                (loc + rho * s2 * g, log_scale + rho * h / 2),
            ),
            (
                "old_variance",
                "The mean moves with the old variance. Solve for the mean after the step: the new one comes out.",
                (loc + rho * s2 * g, after[1]),
            ),
            (
                "gradient_in_natural",
                "This adds the gradient with respect to the natural parameters to them. The natural gradient is the gradient with "
                "respect to the *mean* parameters, E z and E z^2.",
                _moved(args, s2 * g, 2 * loc * s2 * g + s2 * h),
            ),
            (
                "chain_forgotten",
                "E z^2 = m^2 + s^2: with E z^2 held, the variance moves with m. That term is missing in the slope for E z.",
                _moved(args, g, h / (2 * s2)),
            ),
            (
                "scale_for_log",
                "The slope in the log scale was taken for one in the scale: the chain rule puts s between them.",
                right(loc, log_scale, g, h * np.exp(log_scale), rho),
            ),
            (
                "scale_for_log_square",
                "The slope in the log scale was taken for one in the variance.",
                right(loc, log_scale, g, 2 * s2 * h, rho),
            ),
            (
                "factor_two",
                "A factor of two: the variance is exp(2 log_scale). Its slope is half the slope of the log scale, over s^2.",
                right(loc, log_scale, g, 2 * h, rho),
            ),
            (
                "factor_two",
                "A factor of two: one half of the slope in the log scale is lost.",
                right(loc, log_scale, g, h / 2, rho),
            ),
            ("descent", "The step goes down.", right(loc, log_scale, -g, -h, rho)),
            ("rho_ignored", "This is the step of length one.", right(loc, log_scale, g, h, 1.0)),
            (
                "variance_blended",
                "Here variances are blended. Natural parameters are to be: precisions add up, variances do not.",
                (after[0], blended),
            ),
        ]


def _moved(args: Args, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(loc, log_scale) after rho times these has been added to the natural parameters."""
    loc, log_scale, _, _, rho = args
    s2 = np.exp(2 * log_scale)
    eta = loc / s2 + rho * first, -0.5 / s2 + rho * second
    return -0.5 * eta[0] / eta[1], -0.5 * np.log(-2 * eta[1])


def _mistakes(args: Args, index: int) -> list[Mistake]:
    found = [
        Mistake(key, hint, values[index])
        for key, hint, values in _variants(args)
        if (key, index) != ("in_loc_and_log_scale", LOC)  # there it is the same as old_variance
    ]
    found.append(
        Mistake("order_swapped", f"Return them in this order: {NAMES}.", right(*args)[1 - index])
    )
    found.append(
        Mistake(
            "scale_returned",
            "This is the scale, or the variance. Its logarithm is asked: log_scale.",
            np.exp(right(*args)[LOG_SCALE]),
        )
    )
    return found


def _drawn(rng: np.random.Generator, shape: tuple[int, ...], rho: float) -> Args:
    """Scales from 1e-3 to 30, slopes of both signs; no step leaves the family."""
    log_scale = rng.permutation(np.linspace(-6.5, 3.2, int(np.prod(shape)))).reshape(shape)
    log_scale = log_scale + rng.normal(size=shape) * 0.1
    slope_log = rng.uniform(0.1, 0.9, shape) / rho * rng.choice([1.0, -1.0, -6.0], shape)
    slope_loc = rng.normal(size=shape) * np.exp(-log_scale) * 2
    loc = rng.normal(size=shape) * 2
    loc, log_scale, slope_loc, slope_log = map(np.asarray, (loc, log_scale, slope_loc, slope_log))
    return loc, log_scale, slope_loc, slope_log, rho


def _moderate(rng: np.random.Generator) -> Args:
    """A short step at moderate scales, where most mistakes stay inside the family, too."""
    rho, log_scale = float(rng.uniform(0.5, 0.7)), rng.uniform(-1.2, -0.1, 5)
    slope_log = rng.uniform(0.1, 0.35, 5) / rho * rng.permutation([1, -1, 1, -1, 1])
    loc, slope_loc = (
        rng.uniform(low, high, 5) * rng.choice([-1, 1], 5) for low, high in ((0.1, 0.3), (0.2, 0.5))
    )
    return loc, log_scale, slope_loc, slope_log, rho


def _places(rng: np.random.Generator) -> list[Args]:
    """Vectors, matrices, more axes, one number in a vector or alone; short steps, long ones and a whole one."""
    return [
        _moderate(rng),
        _drawn(rng, (5,), float(rng.uniform(0.3, 0.6))),
        _drawn(rng, (3, 4), float(rng.uniform(0.02, 0.1))),
        _drawn(rng, (2, 3, 2), 1.0),
        _drawn(rng, (1,), float(rng.uniform(0.6, 0.9))),
        _drawn(rng, (3, 3), float(rng.uniform(1.2, 1.7))),
        _drawn(rng, (), float(rng.uniform(0.3, 0.9))),
    ]


def _judged(probe: Probe, rng: np.random.Generator, index: int) -> Finding:
    finding = Finding(True)
    for args in _places(rng):
        got = unpack(probe.value(*args), 2, NAMES)[index]
        finding = compare(got, right(*args)[index], _mistakes(args, index), what=TITLES[index])
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("The new log scale")
def new_log_scale(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, LOG_SCALE)


@EXERCISE.part("The new mean")
def new_loc(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, LOC)


@EXERCISE.part("One whole step on a Gaussian target of one coordinate lands on it")
def lands_on_the_target(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale = rng.normal(size=6) * 3, rng.permutation(np.linspace(-4.0, 2.5, 6))
    target, precision = rng.normal(size=6) * 2, np.exp(rng.permutation(np.linspace(-3.0, 5.0, 6)))
    args = (
        loc,
        log_scale,
        -precision * (loc - target),
        1 - precision * np.exp(2 * log_scale),
        1.0,
    )
    reply = unpack(probe.value(*args), 2, NAMES)
    wants = (target, -0.5 * np.log(precision))
    for index in (LOC, LOG_SCALE):
        finding = compare(
            reply[index],
            wants[index],
            _mistakes(args, index),
            what=f"{TITLES[index]} on a Gaussian target",
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("A step that leaves the Gaussians is refused", weight=0.5, needs=["new_log_scale"])
def outside(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale, slope_loc, slope_log, rho = _drawn(rng, (2, 3), 0.5)
    barely = slope_log.copy()
    barely[rng.integers(2), rng.integers(3)] = 1.97
    tamed = unpack(probe.value(loc, log_scale, slope_loc, barely, rho), 2, NAMES)[LOG_SCALE]
    finding = compare(
        as_array(tamed),
        right(loc, log_scale, slope_loc, barely, rho)[LOG_SCALE],
        what="the new log_scale, just inside",
    )
    if not finding.ok:
        return finding
    asks = []
    for place in rng.permutation(6)[:4]:  # two at least outside the first column
        barely = slope_log.copy()
        barely.flat[place] = rng.choice([2.001, rng.uniform(2.1, 4.0)])
        asks.append((loc, log_scale, slope_loc, barely, rho))
    exactly = rng.permutation(
        [2.0, 0.5]
    )  # at scale one a precision of zero is no matter of rounding
    asks.append((np.zeros(2), np.zeros(2), np.ones(2), exactly, 0.5))
    names = "loc", "log_scale", "slope_loc", "slope_log_scale", "rho"
    for ask in asks:
        reply = probe.drive("natural_step/refused", **dict(zip(names, ask, strict=True)))
        if not isinstance(reply, dict) or reply.get("refused") is not True:
            return holds(
                False,
                "ValueError where a precision would be zero or negative",
                "no ValueError",
                "not_refused",
                "A precision of zero or less is no Gaussian. Look at it before you take its logarithm, and raise ValueError.",
            )
    return Finding(True, "ValueError where no Gaussian is left", "refused")
