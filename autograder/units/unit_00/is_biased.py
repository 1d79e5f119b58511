"""A check of one's own: is an estimator biased?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.unit_00.problems import NOISE
from autograder.units.unit_00.verdicts import BIAS, Zoo, ask, judge, zoo_of

EXERCISE = exercise(
    __name__,
    title="A check of your own",
    function="is_biased",
    points=3,
    difficulty=4,
    importance=5,
    minutes=25,
    read="section 3, How to read a check's report",
    hides=[],
    because="no function of course_vi gives a verdict on an estimator",
)


@EXERCISE.part("One number; its noise is normal, skewed, rare or heavy in the tails")
def one_number(probe: Probe, rng: np.random.Generator) -> Finding:
    """One alarm in 500 may be chance, or the sign of a few times too many: then 5,000 more right estimators are asked, as time allows."""
    seen = ask(probe, rng, _single(rng, 500, 400), single=True)
    finding = judge(seen)
    if finding.ok and seen.alarms.any():
        finding = judge(ask(probe, rng, _single(rng, 5000, 20), single=True, again=True))
    return finding


def _single(rng: np.random.Generator, right: int, wrong: int) -> Zoo:
    shape = right + wrong, 1
    return zoo_of(rng, right, wrong, rng.normal(size=shape), rng.uniform(0.5, 2.0, shape))


PER_ENTRY = "Right estimators of many entries were called biased too often. Each of sixty entries is a chance of a false alarm."


@EXERCISE.part("Ten, thirty or sixty entries, a bias in one of them")
def many_entries(probe: Probe, rng: np.random.Generator) -> Finding:
    """A false alarm here is rare in an answer that keeps the demands; where there is one, fresh right estimators are asked, too."""
    zoos = [_ordinary(rng, 60, 25, entries) for entries in (10, 30, 60, 60)]
    seen = ask(probe, rng, *zoos)
    finding = judge(seen)
    if finding.ok and seen.alarms.any():
        finding = judge(ask(probe, rng, _ordinary(rng, 500, 20, 60), again=True))
    if finding.diagnosis == "false_alarms":
        return replace(finding, diagnosis="per_entry", hint=PER_ENTRY)
    return finding


def _ordinary(rng: np.random.Generator, right: int, wrong: int, entries: int) -> Zoo:
    shape = right + wrong, entries
    return zoo_of(rng, right, wrong, rng.normal(size=shape), rng.uniform(0.5, 2.0, shape))


@EXERCISE.part("Spreads from a hundred-millionth to a hundred, some around zero")
def many_spreads(probe: Probe, rng: np.random.Generator) -> Finding:
    count, usual = (200, 100), (100, 50)
    shape, like = (sum(count), 3), (sum(usual), 3)
    exact = rng.normal(size=shape) * (rng.random(shape) < 0.7)
    seen = ask(
        probe,
        rng,
        zoo_of(rng, *count, exact, 10 ** rng.uniform(-8, 2, shape)),
        zoo_of(rng, *usual, rng.normal(size=like), rng.uniform(0.9, 1.1, like)),
    )
    return judge(
        seen,
        "in_spreads",
        "Your errors begin where spreads are far from one, or differ from entry to entry. How far off a right mean "
        "lies is a matter of the spread of that entry, and not of the size of the answer.",
    )


SILENT = (
    "An estimate that is the same number every time is right if that is the exact answer, up to rounding, "
    "and biased if it is not. What do you divide by? Rounding is a share of the exact answer, and of 0 it is 0."
)
SILENT_ENTRY = (
    "Your errors begin where one entry never varies. If it is right it may neither raise an alarm nor hide what another "
    "entry shows: 0 / 0 is not a number, and nothing is larger than that."
)


@EXERCISE.part("Estimates without noise", weight=0.25)
def silent(probe: Probe, rng: np.random.Generator) -> Finding:
    """Half of them are right; of the others half are off by little, where the exact answer is less, or nothing."""
    exact = _of_all_sizes(rng, 40, 1)
    exact[30:, 0] = rng.choice([0.0, 1e-6], 10)
    zoo = Zoo(exact, _rounded(rng, exact), 0 * exact, *_plain(rng, 40))
    off = np.where(np.arange(20) < 10, 0.1, 10 ** rng.uniform(-15, -12.3, 20))
    zoo.mean[20:, 0] += off * rng.choice([-1, 1], 20)
    return judge(ask(probe, rng, zoo.rows(rng.permutation(40)), single=True), "silent", SILENT)


@EXERCISE.part("One entry without noise beside three that have some", weight=0.25)
def silent_entry(probe: Probe, rng: np.random.Generator) -> Finding:
    """A third of the estimators is right; in a third the silent entry is wrong, in the last one of the others."""
    exact = _of_all_sizes(rng, 60, 4)
    scale, quiet = rng.uniform(0.5, 2.0, (60, 4)), rng.integers(4, size=60)
    rows, first, last = np.arange(60), np.arange(20, 40), np.arange(40, 60)
    scale[rows, quiet] = 0.0
    mean = np.where(scale == 0.0, _rounded(rng, exact), exact)
    mean[first, quiet[first]] += rng.choice([-0.1, 0.1], 20)
    beside = (quiet[last] + 1) % 4
    mean[last, beside] += 3 * BIAS * rng.choice([-1, 1], 20) * scale[last, beside]
    zoo = Zoo(exact, mean, scale, *_plain(rng, 60)).rows(rng.permutation(60))
    usual = zoo_of(rng, 40, 20, rng.normal(size=(60, 4)), rng.uniform(0.9, 1.1, (60, 4)), 3 * BIAS)
    return judge(ask(probe, rng, zoo, usual), "silent_entry", SILENT_ENTRY)


def _of_all_sizes(rng: np.random.Generator, count: int, entries: int) -> np.ndarray:
    """Exact answers from hundredths to thousands; all of every seventh estimator are zero."""
    exact = rng.normal(size=(count, entries)) * 10 ** rng.uniform(-2, 3, (count, 1))
    exact[::7] = 0.0
    return exact


def _rounded(rng: np.random.Generator, exact: np.ndarray) -> np.ndarray:
    """The same, half of them to the last digit but one."""
    return exact * (1 + 2.2e-16 * rng.integers(2, size=exact.shape))


def _plain(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Any noise, and nothing in common."""
    return rng.integers(len(NOISE), size=count), np.zeros(count)
