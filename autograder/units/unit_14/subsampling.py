"""A part of the data, without a bias: plates in model and guide, and the noise that the batch adds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays
from autograder.units.unit_14.reference import either_sign, normal

EXERCISE = exercise(
    __name__,
    title="A part of the data, without a bias",
    function="subsampled",
    points=3,
    difficulty=3,
    importance=5,
    minutes=30,
    read="section 7, Plates that are subsampled",
    hides=[],
    because="no function of course_vi subsamples this hierarchy",
)

RTOL, RUNS, FEW = 1e-8, 120, 4
CHANCE = 1e-8  # that a fair choice of rows is refused, for each of the numbers that are looked at


class Given(NamedTuple):
    """Data, the size of a batch, and the numbers of the guide."""

    y: np.ndarray
    size: int
    loc: float
    scale: float
    local_loc: np.ndarray
    local_scale: np.ndarray


def _given(rng: np.random.Generator, rows: int, size: int) -> Given:
    return Given(
        either_sign(rng, (rows,), 0.5, 5.0),
        size,
        float(either_sign(rng, ())),
        float(rng.uniform(0.3, 2.0)),
        either_sign(rng, (rows,), 0.5, 4.0),
        rng.uniform(0.2, 1.5, rows),
    )


def _rows(given: Given, seen: np.ndarray) -> np.ndarray | None:
    """Which rows are seen, by their values, which are all different; None if some are not among the data."""
    near = np.abs(seen[..., None] - given.y).argmin(-1)
    found: np.ndarray = near
    return found if np.array_equal(given.y[near], seen) else None


def _terms(given: Given, run: Arrays, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The parts of the log-densities of one run: of z, and of the rows, row by row."""
    z, h = run["z"], run["h"]
    return {
        "p_z": normal(z, np.zeros(()), np.asarray(2.0)).sum(),
        "p_h": normal(h, z, np.asarray(1.0)),
        "p_y": normal(given.y[rows], h, np.asarray(0.5)),
        "q_z": normal(z, np.asarray(given.loc), np.asarray(given.scale)).sum(),
        "q_h": normal(h, given.local_loc[rows], given.local_scale[rows]),
    }


def _mistakes(given: Given, terms: list[dict[str, np.ndarray]], side: str) -> list[Mistake]:
    factor = len(given.y) / given.size

    def total(z: float, rows: float) -> np.ndarray:
        return np.array([z * each[f"{side}_z"] + rows * _local(each, side) for each in terms])

    known = [
        ("not_scaled", "The rows that are seen stand for all rows: their terms count more than once.", total(1, 1)),
        ("all_scaled", "z is drawn once, whatever is seen of the data: it stands outside of the plate.", total(factor, factor)),
        ("scaled_twice", "The plate scales by itself.", total(1, factor**2)),
    ]  # fmt: skip
    if side == "p":
        half = np.array(
            [each["p_z"] + each["p_h"].sum() + factor * each["p_y"].sum() for each in terms]
        )
        known.append(
            ("local_not_scaled", "Each row has its own h: it stands in the plate, too.", half)
        )
    return [Mistake(key, hint, value) for key, hint, value in known]


def _local(terms: dict[str, np.ndarray], side: str) -> np.ndarray:
    found: np.ndarray = terms["q_h"].sum() if side == "q" else (terms["p_h"] + terms["p_y"]).sum()
    return found


class Seen(NamedTuple):
    """Runs of an answer: their numbers, and the rows that were seen, ``(R, B)``."""

    runs: Arrays
    rows: np.ndarray


def _seen(probe: Probe, given: Given, count: int) -> Seen | Finding:
    runs = probe.drive("subsampled/runs", **given._asdict(), count=count)
    expected = f"{given.size} different rows of the data in model and guide"
    if "sizes" in runs:
        return holds(False, expected, f"sizes of y and h: {runs['sizes']}", "batch_size")
    rows = _rows(given, runs["y"])
    if rows is None:
        return holds(False, expected, "numbers that are not among the data", "not_rows")
    if any(len(set(row)) < len(row) for row in rows.tolist()):
        hint = "A row that is seen twice takes the place of another: draw without replacement."
        return holds(False, expected, "the same row twice in a batch", "replacement", hint)
    return Seen(runs, rows)


CASES = ((6, 2), (5, 5), (4, 1), (3, 3), (1, 1), (7, 4))


def _sums(probe: Probe, rng: np.random.Generator, side: str) -> Finding:
    finding = Finding(True)
    for rows, size in CASES:
        given = _given(rng, rows, size)
        seen = _seen(probe, given, FEW)
        if isinstance(seen, Finding):
            return seen
        terms = [
            _terms(given, {name: value[run] for name, value in seen.runs.items()}, seen.rows[run])
            for run in range(FEW)
        ]
        factor = rows / size
        want = np.array([each[f"{side}_z"] + factor * _local(each, side) for each in terms])
        words = {"p": ("model", "log p(y, z, h)"), "q": ("guide", "log q(z, h)")}[side]
        what = f"{words[1]}, estimated from {size} of {rows} rows in {FEW} runs"
        got = seen.runs[words[0]].reshape(-1)
        known = _mistakes(given, terms, side) if size < rows else []
        finding = compare(got, want, known, RTOL, what=what)
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("The model, scaled to all rows")
def model_sum(probe: Probe, rng: np.random.Generator) -> Finding:
    return _sums(probe, rng, "p")


@EXERCISE.part("The guide on the same rows, scaled to all")
def guide_sum(probe: Probe, rng: np.random.Generator) -> Finding:
    return _sums(probe, rng, "q")


@EXERCISE.part("Every row has the same chance, in every run anew", needs=["model_sum", "guide_sum"])
def fair(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for size in (2, 4):
        finding = _fair(probe, rng, 5, size) if finding.ok else finding
    return finding


def _fair(probe: Probe, rng: np.random.Generator, rows: int, size: int) -> Finding:
    given = _given(rng, rows, size)
    seen = _seen(probe, given, RUNS)
    if isinstance(seen, Finding):
        return seen
    counts = np.bincount(seen.rows.reshape(-1), minlength=rows)
    low, high = scipy.stats.binom.ppf([CHANCE / 2, 1 - CHANCE / 2], RUNS, size / rows)
    expected = f"each row in {low:.0f} to {high:.0f} of {RUNS} runs"
    if counts.min() < low or counts.max() > high:
        actual = f"in {counts.min()} to {counts.max()}"
        hint = "Rows that are never seen, or seldom, are not stood for by the others."
        return holds(False, expected, actual, "unfair", hint)
    distinct = len(np.unique(seen.runs["z"]))
    return holds(distinct == RUNS, "another z in every run", f"{distinct} values of z", "not_drawn")
