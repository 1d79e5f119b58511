"""Missing years: each year predicted from all others that were seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import judged_rows
from autograder.units.unit_17.reference import RTOL

EXERCISE = exercise(
    __name__,
    title="Missing years",
    function="predict_years",
    points=3,
    difficulty=3,
    importance=4,
    minutes=35,
    read="section 5, A series with gaps",
    hides=[],
    because="course_vi predicts what is missing, and leaves nothing out that was seen; asking it year by year is a right answer",
)

NAMES = "mean, variance"
ROWS = NAMES.split(", ")


class Given(NamedTuple):
    """Series and which years were seen, ``(*B, T)``; mean and variance of the first level, variances of a move and of a measurement."""

    x: np.ndarray
    seen: np.ndarray
    start: float
    start_var: float
    move_var: float
    data_var: float


def _levels(given: Given) -> tuple[np.ndarray, np.ndarray]:
    """Prior mean ``(T)`` and covariance ``(T, T)`` of the levels."""
    steps = np.arange(given.x.shape[-1])
    return np.full(len(steps), given.start), given.start_var + given.move_var * np.minimum.outer(
        steps, steps
    )


def _conditioned(given: Given, keep: np.ndarray, t: int, x: np.ndarray) -> tuple[float, float]:
    """Mean and variance of level t given the years ``keep``."""
    mean, cov = _levels(given)
    if not keep.any():
        return float(mean[t]), float(cov[t, t])
    total = cov[np.ix_(keep, keep)] + given.data_var * np.eye(int(keep.sum()))
    gain = np.linalg.solve(total, cov[keep, t])
    return float(mean[t] + gain @ (x[keep] - mean[keep])), float(cov[t, t] - gain @ cov[keep, t])


def _each(given: Given, which: str = "others") -> np.ndarray:
    """Mean and variance of every level, ``(2, *B, T)``, given the years that ``which`` names."""
    steps = given.x.shape[-1]
    years = np.arange(steps)
    rows = []
    for x, seen in zip(given.x.reshape(-1, steps), given.seen.reshape(-1, steps), strict=True):
        row = []
        for t in years:
            keep = {
                "others": seen & (years != t),
                "all": seen,
                "past": seen & (years < t),
                "future": seen & (years > t),
                "neighbours": seen & (np.abs(years - t) == 1),
            }[which]
            row.append(_conditioned(given, keep, int(t), np.where(seen, x, 0.0)))
        rows.append(row)
    found: np.ndarray = np.moveaxis(np.array(rows).reshape(*given.x.shape, 2), -1, 0)
    return found


def table(given: Given) -> np.ndarray:
    """Mean and variance of every year given all others that were seen, ``(2, *B, T)``."""
    found = _each(given)
    return np.stack([found[0], found[1] + given.data_var])


def _mistakes(given: Given, row: int) -> list[Mistake]:
    noise = given.data_var
    smooth, others = _each(given, "all"), _each(given)
    extra = np.array([0.0, noise])[row]
    zeros = given._replace(x=np.where(given.seen, given.x, 0.0), seen=np.ones_like(given.seen))
    filled = given._replace(
        x=np.where(given.seen, given.x, given.start), seen=np.ones_like(given.seen)
    )
    known = [
        Mistake(
            "own_year_used",
            "A year that was seen helps to predict itself here. Leave it out.",
            smooth[row] + extra,
        ),
        Mistake(
            "past_alone",
            "Only the years before are used. Those after tell something, too.",
            _each(given, "past")[row] + extra,
        ),
        Mistake(
            "future_alone", "Only the years after are used.", _each(given, "future")[row] + extra
        ),
        Mistake(
            "neighbours_alone",
            "Only the years next to it are used.",
            _each(given, "neighbours")[row] + extra,
        ),
        Mistake(
            "zeros_for_missing",
            "A year that was not seen was taken for a zero that was.",
            _each(zeros)[row] + extra,
        ),
        Mistake(
            "start_for_missing",
            "A year that was not seen was filled in, and then taken for data.",
            _each(filled)[row] + extra,
        ),
        Mistake(
            "steps_closed_up",
            "The level moves in years that were not seen, too.",
            _closed_up(given)[row] + extra,
        ),
    ]
    if row == 0:
        known.append(
            Mistake(
                "seen_returned",
                "Years that were seen come back as they are. Each is to be predicted from the others.",
                np.where(given.seen, given.x, others[0]),
            )
        )
        return known
    return known + [
        Mistake(
            "of_the_level",
            "This is the variance of the level. What is measured has noise besides.",
            others[1],
        ),
        Mistake(
            "of_the_level",
            "This is the variance of the level given all data. A measurement has noise besides, and the year itself is left out.",
            smooth[1],
        ),
        Mistake(
            "deviation",
            "This is a standard deviation. The variance is asked.",
            (others[1] + noise) ** 0.5,
        ),
        Mistake("noise_twice", "The noise of a measurement is there twice.", others[1] + 2 * noise),
        Mistake(
            "zero_where_seen",
            "A year that was seen has a variance, too: it is predicted from the others.",
            np.where(given.seen, 0.0, others[1] + noise),
        ),
    ]


def _closed_up(given: Given) -> np.ndarray:
    """Mean and variance of the levels where the years seen are taken to follow each other; NaN elsewhere."""
    steps = given.x.shape[-1]
    found = np.full((2, *given.x.shape), np.nan).reshape(2, -1, steps)
    for place, (x, seen) in enumerate(
        zip(given.x.reshape(-1, steps), given.seen.reshape(-1, steps), strict=True)
    ):
        if seen.any():
            short = given._replace(x=x[seen], seen=np.ones(int(seen.sum()), bool))
            found[:, place, seen] = _each(short)
    return found.reshape(2, *given.x.shape)


def _given(
    rng: np.random.Generator, batch: tuple[int, ...], steps: int, ratio: float, share: float = 0.6
) -> Given:
    """``ratio``: variance of a measurement over that of a move. Some years at both ends and some in a row are not seen."""
    scale = np.exp(rng.uniform(-1.5, 3.0))
    move_var = scale**2
    start, start_var = (
        float(scale * rng.choice([-1, 1]) * rng.uniform(2, 5)),
        float(scale**2 * rng.uniform(2, 8)),
    )
    data_var = float(ratio * move_var)
    level = start + start_var**0.5 * rng.normal(size=(*batch, 1))
    moves = np.concatenate([0 * level, scale * rng.normal(size=(*batch, steps - 1))], -1)
    x = (level + moves.cumsum(-1)) + data_var**0.5 * rng.normal(size=(*batch, steps))
    seen = rng.random((*batch, steps)) < share
    return Given(np.where(seen, x, np.nan), seen, start, start_var, float(move_var), data_var)


def _judge(probe: Probe, given: Given, *rows: int) -> Finding:
    rest = f"of each year, x of shape {given.x.shape}"
    reply = probe.value(*given)
    return judged_rows(
        reply,
        table(given),
        NAMES,
        rows,
        _mistakes,
        given,
        lambda row: f"the {ROWS[row]} {rest}",
        RTOL,
    )


def _row(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for batch, steps, share in (((3,), 7, 0.6), ((2, 3), 5, 0.5), ((2,), 12, 0.7)):
        given = _given(rng, batch, steps, float(np.exp(rng.uniform(-1.0, 2.3))), share)
        finding = _judge(probe, given, row) if finding.ok else finding
    return finding


@EXERCISE.part("The mean of each year given the others", weight=1.5)
def year_means(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0)


@EXERCISE.part("Its variance", weight=1)
def variances(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1)


@EXERCISE.part(
    "One series, one year; all seen, none seen; sharp and blunt measurements",
    weight=0.5,
    needs=["year_means"],
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, (), 6, 2.0),
        _given(rng, (2,), 1, 2.0, share=0.5),
        _given(rng, (3,), 6, 1.0, share=1.1),
        _given(rng, (2,), 4, 1.0, share=0.0),
        _given(rng, (3,), 8, 0.001),
        _given(rng, (3,), 8, 1000.0),
    ]
    finding = Finding(True)
    for given in cases:
        finding = _judge(probe, given, 0, 1) if finding.ok else finding
    return finding
