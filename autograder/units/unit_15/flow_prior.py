"""The best prior that a flow can be: one that turns the aggregate of z into a standard normal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import log_ndtr, logsumexp, ndtri_exp

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="The best prior that a flow can be",
    function="best_flow",
    points=3,
    difficulty=4,
    importance=3,
    minutes=35,
    read="section 9, A flow as prior",
    hides=[],
    because="course_vi learns flows, and has no flow in closed form",
)

PLACE, SLOPE = 0, 1
TITLES = ("the flow T(z)", "its log slope")
RTOL = 1e-6
HALF_LOG_TWO_PI = 0.5 * np.log(2 * np.pi)


class Given(NamedTuple):
    """Encoder outputs ``loc, log_scale: (N)``, and places ``z: (M)``."""

    loc: np.ndarray
    log_scale: np.ndarray
    z: np.ndarray


def _log_density(given: Given, at: np.ndarray | None = None) -> np.ndarray:
    """log q(z) of each datum, ``(M, N)``."""
    z = given.z if at is None else at
    off = (z[:, None] - given.loc) * np.exp(-given.log_scale)
    value: np.ndarray = -0.5 * off**2 - given.log_scale - HALF_LOG_TWO_PI
    return value


def right(given: Given) -> np.ndarray:
    """``(2, M)``: u = the normal quantile of the aggregate's distribution function, by whichever tail is the smaller; and log du/dz."""
    off = (given.z[:, None] - given.loc) * np.exp(-given.log_scale)
    lower, upper = (
        logsumexp(log_ndtr(side), axis=1) - np.log(len(given.loc)) for side in (off, -off)
    )
    u = np.where(
        lower < upper, ndtri_exp(np.minimum(lower, upper)), -ndtri_exp(np.minimum(lower, upper))
    )
    log_q = logsumexp(_log_density(given), axis=1) - np.log(len(given.loc))
    return np.stack([u, log_q + 0.5 * u**2 + HALF_LOG_TWO_PI])


def _mistakes(given: Given, row: int) -> list[Mistake]:
    want, z = right(given), given.z
    mean, variance = given.loc.mean(), given.loc.var() + np.exp(2 * given.log_scale).mean()
    matched = (z - mean) / np.sqrt(variance)
    off = (z[:, None] - given.loc) * np.exp(-given.log_scale)
    log_q = logsumexp(_log_density(given), axis=1) - np.log(len(given.loc))
    wide = Given(given.loc, 0.5 * given.log_scale, z)
    known = {
        PLACE: [
            ("moments_matched", "This makes the mean zero and the variance one. The aggregate is no Gaussian; what would make it one?",
             matched),
            ("distribution_function", "This is the distribution function of the aggregate: uniform. One more step makes it normal.",
             np.exp(logsumexp(log_ndtr(off), axis=1)) / len(given.loc)),
            ("scores_averaged", "This averages the standard scores of z under each datum's q. The aggregate is a mixture of densities.",
             off.mean(1)),
            ("log_variance", "log_scale was read as a log variance.", right(wide)[PLACE]),
            ("falling", "This flow falls. An increasing one is asked.", -want[PLACE]),
            ("order_swapped", "T(z) comes first, then its log slope.", want[SLOPE]),
        ],
        SLOPE: [
            ("aggregate_alone", "This is the log density of the aggregate. The slope also has the normal density, at u, in it.", log_q),
            ("not_logarithm", "This is the slope. Its logarithm is asked.", np.exp(want[SLOPE])),
            ("inverse_slope", "This is the log slope of the flow's inverse.", -want[SLOPE]),
            ("log_prior", "This is the log density of the base, at u.", -0.5 * want[PLACE] ** 2 - HALF_LOG_TWO_PI),
            ("constant_lost", "Half of log 2 pi is lost.", want[SLOPE] - HALF_LOG_TWO_PI),
            ("mean_of_logarithms", "The mean of the log densities. The density of a mixture is a mean of densities.",
             _log_density(given).mean(1) + 0.5 * want[PLACE] ** 2 + HALF_LOG_TWO_PI),
            ("sum_for_mean", "The sum over the data. The aggregate is their mean.", want[SLOPE] + np.log(len(given.loc))),
            ("log_variance", "log_scale was read as a log variance.", right(wide)[SLOPE]),
            ("at_z", "The normal density stands here at z. It is that of the base, at u.", log_q + 0.5 * z**2 + HALF_LOG_TWO_PI),
        ],
    }[row]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _given(
    rng: np.random.Generator,
    data: int = 6,
    scales: tuple[float, float] = (-1.2, 0.4),
    spread: float = 1.5,
    reach: float = 3.0,
    places: int = 7,
) -> Given:
    """Encoder outputs of their own, and places between the two where u is -reach and reach, some below the median, some above."""
    loc = rng.normal(size=data) * spread + rng.uniform(-1, 1)
    log_scale = rng.uniform(*scales, data)
    low, high = (
        float(
            (loc + side * 12 * np.exp(log_scale)).min()
            if side < 0
            else (loc + side * 12 * np.exp(log_scale)).max()
        )
        for side in (-1, 1)
    )
    fine = np.linspace(low, high, 2001 if data < 20 else 401)
    u = right(Given(loc, log_scale, fine))[PLACE]
    aims = np.concatenate(
        [rng.uniform(-reach, reach, places - 2), rng.permutation([-reach, reach])]
    )
    return Given(loc, log_scale, rng.permutation(np.interp(aims, u, fine)))


def _gaps(rng: np.random.Generator) -> Given:
    """Three groups of narrow posteriors, far apart, and places in the groups and in the gaps, where the aggregate is next to nothing."""
    loc = np.concatenate([rng.normal(size=2) * 0.1 + centre for centre in (-6.0, 0.5, 5.0)])
    log_scale = rng.uniform(-3.2, -2.8, 6)
    z = np.concatenate([loc[[0, 2, 4]] + 0.03, [-3.0, 2.5], rng.uniform(-2.9, -2.0, 2)])
    return Given(loc, log_scale, rng.permutation(z))


def _judged(probe: Probe, cases: Sequence[Given], rows: Sequence[int]) -> Finding:
    finding = Finding(True)
    for given in cases:
        reply = unpack(probe.value(*given), 2, "u, log slope")
        for row in rows:
            if finding.ok:
                what = f"{TITLES[row]}, for {len(given.loc)} data"
                finding = compare(
                    reply[row], right(given)[row], _mistakes(given, row), RTOL, what=what
                )
    return finding


@EXERCISE.part("The flow: where z goes", weight=1.5)
def flow(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, [_given(rng), _given(rng, 9, places=9)], [PLACE])


@EXERCISE.part("Its log slope")
def slope(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, [_given(rng), _given(rng, 7)], [SLOPE])


@EXERCISE.part("Far out on both sides: u from -7.5 to 7.5", needs=["flow"])
def tails(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(
        probe, [_given(rng, reach=7.5), _given(rng, 3, (-0.5, 1.0), reach=7.0)], [PLACE, SLOPE]
    )


@EXERCISE.part(
    "Narrow posteriors with gaps between; wide ones; one datum; many; a single place",
    weight=0.5,
    needs=["flow", "slope"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _gaps(rng),
        _given(rng, 4, (2.0, 3.4), 5.0),
        _given(rng, 1),
        _given(rng, 300, places=5),
        _given(rng, 5, places=3)._replace(z=rng.uniform(-1, 1, 1)),
    ]
    return _judged(probe, cases, [PLACE, SLOPE])
