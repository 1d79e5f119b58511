"""How many particles a bootstrap filter needs, and how many one with the locally optimal proposal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import judged_rows
from autograder.units.unit_17.predicted_noise import terms
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
    title="How many particles does the Nile need?",
    function="particles_needed",
    points=4,
    difficulty=5,
    importance=4,
    minutes=60,
    read="section 4, Better proposals",
    hides=[],
    because="no function of course_vi predicts the variance of a particle filter",
)

NAMES = "bootstrap, locally optimal"
ROWS = ("bootstrap filter", "filter with the locally optimal proposal")


class Given(NamedTuple):
    """A model and series, and the standard error of the log evidence that is wanted."""

    series: Series
    error: float


def optimal_move(series: Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gain, what is kept of the model's own move, and covariance of p(z_t | z_{t-1}, x_t)."""
    _, q, c, r, _, _, _ = series
    gain = np.linalg.solve(c @ q @ c.T + r, c @ q).T
    kept = np.eye(len(q)) - gain @ c
    return gain, kept, kept @ q @ kept.T + gain @ r @ gain.T


def pairs(series: Series, of: Beliefs, own: list[Gaussian]) -> tuple[list[Gaussian], ...]:
    """Of (z_{t-1}, z_t), t from 2: given all data, and as proposed from ``own`` beliefs about z_{t-1}."""
    a, x = series.transition, series.x
    gain, kept, cov = optimal_move(series)
    targets, proposals = [], []
    for t in range(1, x.shape[-2]):
        before, after, cross = of.smoothed[t - 1], of.smoothed[t], of.cross[t - 1]
        both = np.block([[before.cov, cross], [cross.T, after.cov]])
        targets.append(Gaussian(np.concatenate([before.loc, after.loc], -1), both))
        start, move = own[t - 1], kept @ a
        loc = start.loc @ move.T + x[..., t, :] @ gain.T
        across = start.cov @ move.T
        both = np.block([[start.cov, across], [across.T, move @ across + cov]])
        proposals.append(Gaussian(np.concatenate([start.loc, loc], -1), both))
    return targets, proposals


def guided_terms(series: Series, of: Beliefs, own: list[Gaussian] | None = None) -> np.ndarray:
    """What each step of the filter with the locally optimal proposal adds to N times the variance, ``(T, *B)``."""
    first = chi_square(of.smoothed[0], of.filtered[0])
    targets, proposals = pairs(series, of, of.filtered if own is None else own)
    rest = [chi_square(s, p) for s, p in zip(targets, proposals, strict=True)]
    return np.stack([first, *rest])


def table(given: Given) -> np.ndarray:
    """Particles for either filter, ``(2, *B)``."""
    of = beliefs(given.series)
    both = np.stack([terms(of).sum(0), guided_terms(given.series, of).sum(0)])
    found: np.ndarray = both / given.error**2
    return found


def _guided_mistakes(given: Given) -> list[tuple[str, str, np.ndarray]]:
    """What mistakes make of N times the variance of the second filter."""
    series = given.series
    of = beliefs(series)
    each, later = guided_terms(series, of), of.smoothed[1:]
    alone = [chi_square(s, f) for s, f in zip(of.smoothed, of.filtered, strict=True)]
    _, proposals = pairs(series, of, of.filtered)
    d = len(series.initial_loc)
    marginal = [
        chi_square(s, Gaussian(p.loc[..., d:], p.cov[d:, d:]))
        for s, p in zip(later, proposals, strict=True)
    ]
    weights = [chi_square(s, f) for s, f in zip(of.smoothed[:-1], of.filtered[:-1], strict=True)]
    bootstrap = terms(of)
    lost = "The first step is missing. All its particles weigh the same, and are resampled all the same: it is a generation, too."
    return [
        (
            "bootstrap_again",
            "This is the first row once more. The other filter draws its particles from another law.",
            bootstrap.sum(0),
        ),
        (
            "filtering_as_proposal",
            "The proposal is optimal for each ancestor, and the ancestors were chosen before x_t: altogether the particles of a step "
            "are not drawn given x_t.",
            np.stack(alone).sum(0),
        ),
        (
            "state_alone",
            "The weight of a particle here depends on where it comes from, not on where it goes: a state alone does not say it.",
            np.stack([each[0], *marginal]).sum(0),
        ),
        (
            "ancestor_alone",
            "The ancestor alone is looked at. What comes later depends on the new state.",
            np.stack([each[0], *weights]).sum(0),
        ),
        (
            "first_from_prior",
            "The first particles are proposed from the start without x_1. The locally optimal proposal has seen it.",
            np.concatenate([bootstrap[:1], each[1:]]).sum(0),
        ),
        (
            "ancestors_from_prediction",
            "Ancestors have been resampled by the datum of their own step: they are more than a prediction.",
            guided_terms(series, of, of.predicted).sum(0),
        ),
        (
            "ancestors_from_smoothing",
            "Ancestors know nothing of what is to come.",
            guided_terms(series, of, of.smoothed).sum(0),
        ),
        ("first_step_lost", lost, each[1:].sum(0)),
        ("one_not_subtracted", "A mean square was taken for a variance.", each.sum(0) + len(each)),
        (
            "no_resampling",
            "The terms are multiplied up, as if nothing were resampled.",
            np.prod(1 + each, 0) - 1,
        ),
        ("mean_over_steps", "This is the mean over the steps. Their shares add.", each.mean(0)),
    ]


def _bootstrap_mistakes(given: Given) -> list[tuple[str, str, np.ndarray]]:
    of = beliefs(given.series)
    each = terms(of)
    weights = [chi_square(f, p) for f, p in zip(of.filtered, of.predicted, strict=True)]
    guided = guided_terms(given.series, of).sum(0)
    return [
        ("rows_swapped", "The rows stand in another order: first the bootstrap filter.", guided),
        (
            "filtering",
            "This looks at what each step weighs alone, and at nothing that comes later.",
            np.stack(weights).sum(0),
        ),
        ("first_step_lost", "The first step is missing.", each[1:].sum(0)),
        ("one_not_subtracted", "A mean square was taken for a variance.", each.sum(0) + len(each)),
        (
            "no_resampling",
            "The terms are multiplied up, as if nothing were resampled.",
            np.prod(1 + each, 0) - 1,
        ),
        ("mean_over_steps", "This is the mean over the steps. Their shares add.", each.mean(0)),
    ]


def _mistakes(given: Given, row: int) -> list[Mistake]:
    made = (_bootstrap_mistakes, _guided_mistakes)[row](given)
    right, error = table(given)[row], given.error
    known = [Mistake(key, hint, value / error**2) for key, hint, value in made]
    known += [
        Mistake(
            "error_not_squared",
            "A standard error falls with the root of N: it is the *variance* that N divides.",
            right * error,
        ),
        Mistake(
            "error_ignored",
            "This is N for a standard error of one. It is an argument.",
            right * error**2,
        ),
        Mistake("error_to_the_fourth", "The error was squared twice.", right / error**2),
    ]
    if right.min() > 2:
        known += [
            Mistake("rounded", "Do not round: a real number is asked.", rounded(right))
            for rounded in (np.ceil, np.round, np.floor)
        ]
    return known


def _judge(probe: Probe, given: Given, *rows: int) -> Finding:
    rest = f"x of shape {given.series.x.shape}"
    reply = probe.value(*given.series, given.error)
    return judged_rows(
        reply,
        table(given),
        NAMES,
        rows,
        _mistakes,
        given,
        lambda row: f"N of the {ROWS[row]}, {rest}",
        RTOL,
    )


def _row(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for batch, steps, sizes in (
        ((4,), 6, (1, 1)),
        ((2, 2), 3, (2, 1)),
        ((3,), 4, (1, 2)),
        ((3,), 5, (2, 2)),
        ((3,), 4, (3, 2)),
    ):
        series = draw_series(rng, batch, steps, sizes, noise=float(rng.uniform(0.4, 2.0)))
        if finding.ok:
            finding = _judge(probe, Given(series, float(rng.uniform(0.02, 0.6))), row)
    return finding


@EXERCISE.part("Particles for the bootstrap filter", weight=1)
def bootstrap(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0)


@EXERCISE.part("Particles for the locally optimal proposal", weight=2)
def guided(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1)


@EXERCISE.part(
    "One step; one series without a batch axis; sharp and blunt measurements; a standard error above one",
    weight=1,
    needs=["guided"],
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        draw_series(rng, (), 4, (1, 1)),
        draw_series(rng, (1,), 3, (3, 3)),
        draw_series(rng, (3,), 4, (1, 1), noise=0.05, start=10.0),
        draw_series(rng, (3,), 4, (2, 1), noise=20.0, start=0.05),
        draw_series(rng, (2,), 1, (2, 2)),
    ]
    finding = Finding(True)
    for place, series in enumerate(cases):
        given = Given(
            series, float(rng.uniform(1.5, 3.0) if place == 0 else rng.uniform(0.02, 0.6))
        )
        finding = _judge(probe, given, 0, 1) if finding.ok else finding
    return finding
