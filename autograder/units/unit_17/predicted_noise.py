"""The noise of a bootstrap filter's log evidence, predicted from Gaussians."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import judged_rows
from autograder.units.unit_17.reference import (
    RTOL,
    Beliefs,
    Gaussian,
    Series,
    beliefs,
    chi_square,
    draw_series,
)

EXERCISE = exercise(
    __name__,
    title="The noise of a particle filter, predicted",
    function="predicted_noise",
    points=5,
    difficulty=5,
    importance=5,
    minutes=60,
    read="section 2, A step at a time",
    hides=[],
    because="no function of course_vi predicts the variance of a particle filter",
)

NAMES = "variance, bias"
ROWS = NAMES.split(", ")


class Given(NamedTuple):
    """A model and series, and the number N of particles."""

    series: Series
    num_particles: int


def terms(of: Beliefs) -> np.ndarray:
    """What each step adds to N times the variance, ``(T, *B)``."""
    return np.stack([chi_square(s, p) for s, p in zip(of.smoothed, of.predicted, strict=True)])


def table(given: Given) -> np.ndarray:
    """Variance and bias of the log evidence, ``(2, *B)``."""
    variance = terms(beliefs(given.series)).sum(0) / given.num_particles
    return np.stack([variance, -variance / 2])


def _pairs(targets: list[Gaussian], proposals: list[Gaussian]) -> np.ndarray:
    found: np.ndarray = np.stack(
        [chi_square(s, p) for s, p in zip(targets, proposals, strict=True)]
    ).sum(0)
    return found


def _kl(target: Gaussian, proposal: Gaussian) -> np.ndarray:
    """KL(target || proposal)."""
    off, d = target.loc - proposal.loc, len(target.cov)
    away = (off * np.linalg.solve(proposal.cov, off[..., None])[..., 0]).sum(-1)
    trace = np.trace(np.linalg.solve(proposal.cov, target.cov))
    dets = np.linalg.slogdet(proposal.cov)[1] - np.linalg.slogdet(target.cov)[1]
    value: np.ndarray = 0.5 * (away + trace - d + dets)
    return value


def _prior(series: Series) -> list[Gaussian]:
    """The states' marginals before any data."""
    a, q, _, _, m, v, x = series
    now, found = Gaussian(np.broadcast_to(m, (*x.shape[:-2], len(m))), v), []
    for t in range(x.shape[-2]):
        now = Gaussian(now.loc @ a.T, a @ now.cov @ a.T + q) if t else now
        found.append(now)
    return found


def _sums(given: Given) -> dict[str, tuple[str, np.ndarray]]:
    """What mistakes make of N times the variance."""
    of = beliefs(given.series)
    each = terms(of)
    gauss = [Gaussian(s.loc, p.cov) for s, p in zip(of.smoothed, of.predicted, strict=True)]
    means = [Gaussian(p.loc, s.cov) for s, p in zip(of.smoothed, of.predicted, strict=True)]
    divergence = [_kl(s, p) for s, p in zip(of.smoothed, of.predicted, strict=True)]
    return {
        "filtering": (
            "This looks at what each step weighs alone: x_t against the past. A particle also counts for all that it has to explain "
            "later.",
            _pairs(of.filtered, of.predicted),
        ),
        "against_prior": (
            "The particles of step t are drawn given the data before t, not from the prior of the states.",
            _pairs(of.smoothed, _prior(given.series)),
        ),
        "against_filtering": (
            "The particles of step t are drawn before x_t has been looked at.",
            _pairs(of.smoothed, of.filtered),
        ),
        "no_resampling": (
            "The terms are multiplied up, as for weights that are never resampled. Resampling makes a fresh start at each step: the "
            "errors add.",
            np.prod(1 + each, 0) - 1,
        ),
        "one_not_subtracted": (
            "Each step adds a variance of a relative weight, not its mean square: the two differ by one.",
            each.sum(0) + len(each),
        ),
        "first_step_lost": (
            "The first step is missing: its particles are drawn from the start, and are noisy, too.",
            each[1:].sum(0),
        ),
        "last_step_lost": ("The last step is missing.", each[:-1].sum(0)),
        "last_step_alone": ("This is the last step's share alone.", each[-1]),
        "first_step_alone": ("This is the first step's share alone.", each[0]),
        "mean_over_steps": ("This is the mean over the steps. Their shares add.", each.mean(0)),
        "logs_added": (
            "The logarithms of the mean squares were added up.",
            np.log1p(each).sum(0),
        ),
        "divergence": (
            "This is a KL divergence for each step. A variance is a mean *square* of relative weights.",
            np.stack(divergence).sum(0),
        ),
        "twice_divergence": (
            "This is twice a KL divergence for each step, which is the variance only where it is small.",
            2 * np.stack(divergence).sum(0),
        ),
        "locations_alone": (
            "Only the means differ here; the covariances do, too.",
            _pairs(gauss, of.predicted),
        ),
        "covariances_alone": (
            "Only the covariances differ here; the means do, too.",
            _pairs(means, of.predicted),
        ),
        "smoothing_of_one": (
            "Each series has means of its own: this is the batch's average.",
            each.sum(0).mean() + 0 * each.sum(0),
        ),
    }


def _mistakes(given: Given, row: int) -> list[Mistake]:
    count, right = given.num_particles, table(given)
    share = (1.0, -0.5)[row]
    known = [
        Mistake(key, hint, share * value / count) for key, (hint, value) in _sums(given).items()
    ]
    known += [
        Mistake(
            "n_lost", "This is N times as large: what one particle would give.", right[row] * count
        ),
        Mistake("n_squared", "N divides once.", right[row] / count),
        Mistake("root_n", "A variance falls with N, not with its root.", right[row] * count**0.5),
        Mistake("n_less_one", "N divides, not N - 1.", right[row] * count / (count - 1)),
    ]
    if row == 0:
        known.append(
            Mistake(
                "deviation", "This is a standard deviation. The variance is asked.", right[0] ** 0.5
            )
        )
        return known
    return known + [
        Mistake("half_lost", "The half of the second-order term is lost.", -right[0]),
        Mistake("sign", "The sign is turned: a logarithm is bent downwards.", right[0] / 2),
        Mistake(
            "deviation",
            "The bias is made of the variance, not of its root.",
            -(right[0] ** 0.5) / 2,
        ),
    ]


def _judge(probe: Probe, given: Given, *rows: int) -> Finding:
    x, d = given.series.x, len(given.series.initial_loc)
    rest = f"x of shape {x.shape}, states of {d} number{'s' * (d > 1)}"
    reply = probe.value(*given.series, given.num_particles)
    return judged_rows(
        reply,
        table(given),
        NAMES,
        rows,
        _mistakes,
        given,
        lambda row: f"the {ROWS[row]}, {rest}",
        RTOL,
    )


def _row(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for batch, steps, sizes in (
        ((4,), 5, (1, 1)),
        ((2, 3), 3, (2, 1)),
        ((3,), 4, (1, 2)),
        ((2,), 9, (2, 2)),
        ((3,), 4, (3, 2)),
    ):
        series = draw_series(rng, batch, steps, sizes, noise=float(rng.uniform(0.4, 2.0)))
        if finding.ok:
            finding = _judge(probe, Given(series, int(rng.integers(100, 3000))), row)
    return finding


@EXERCISE.part("The variance of the log evidence", weight=3)
def variance(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0)


@EXERCISE.part("Its bias", weight=1)
def bias(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1)


@EXERCISE.part(
    "One step; one series without a batch axis; sharp and blunt measurements; data that surprise",
    weight=1,
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        draw_series(rng, (3,), 1, (2, 2)),
        draw_series(rng, (), 4, (1, 1)),
        draw_series(rng, (1,), 3, (3, 3)),
        draw_series(rng, (3,), 4, (1, 1), noise=0.02, start=10.0),
        draw_series(rng, (3,), 4, (2, 1), noise=30.0, start=0.05),
    ]
    surprising = draw_series(rng, (4,), 4, (1, 1))
    cases.append(surprising._replace(x=surprising.x + rng.choice([-4, 4], (4, 1, 1))))
    cases.append(surprising._replace(x=surprising.x + rng.choice([-14, 14], (4, 1, 1))))
    finding = Finding(True)
    for series in cases:
        given = Given(series, int(rng.integers(100, 3000)))
        finding = _judge(probe, given, 0, 1) if finding.ok else finding
    return finding
