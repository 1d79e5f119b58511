"""Verdicts on a zoo of estimators, right and biased: how they are asked for, counted and judged.

The estimators are put to the answer in one shuffled sequence. The errors of an answer that keeps what the statement demands
(``FALSE_ALARMS``, ``POWER``) are at most binomial, whatever its idiom. A part fails on a count that such an answer reaches with a
chance below ``CHANCE``; there are at most ``COUNTS`` of them, so that it fails with a chance below one in a million.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import holds
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.unit_00.problems import NO_VERDICT, NOISE, TOO_MANY

__all__ = [
    "BIAS",
    "CHANCE",
    "COUNTS",
    "FALSE_ALARMS",
    "LIMIT",
    "POWER",
    "Verdicts",
    "Zoo",
    "allowed",
    "ask",
    "judge",
    "needed",
    "zoo_of",
]

LIMIT = 10_000  # replicates that a call may ask for
FALSE_ALARMS, POWER, BIAS = 1e-3, 0.99, 0.1  # what the statement demands; the bias in spreads
CHANCE, COUNTS = 5e-8, 12  # that a count fails an answer which keeps the demands; how many counts
OPEN = "false_alarms", "missed"  # names that say how often, and not where
REPLY = "verdict", "asked"
CHUNK = 30  # estimators in one request
BUDGET, PATIENCE = 4.0, 15.0  # seconds of the processor after which a first and a second look end
LEAST = 1 / 3  # the share of a first look that is judged however long it takes


def allowed(count: int, rate: float) -> int:
    """The most errors in so many verdicts that an answer with this rate of errors may have: more are rarer than ``CHANCE``.

    >>> allowed(800, 1e-3), allowed(200, 0.01)
    (9, 13)
    """
    from scipy.stats import binom

    return int(binom.isf(CHANCE, count, rate))


def needed() -> int:
    """The fewest replicates with which a test of normal numbers can keep both demands.

    >>> needed()
    3155
    """
    from scipy.special import ndtri

    return math.ceil(((ndtri(POWER) - ndtri(FALSE_ALARMS / 2)) / BIAS) ** 2)


@dataclass(frozen=True)
class Zoo:
    """Estimators, one a row: the exact answers, and mean and standard deviation of the estimates, ``(C, P)`` each.

    Attributes:
        noise, common: see ``problems.Estimator``, ``(C,)``.
    """

    exact: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    noise: np.ndarray
    common: np.ndarray

    @property
    def wrong(self) -> np.ndarray:
        """Which are biased by more than rounding."""
        return (np.abs(self.mean - self.exact) > 1e-12 * np.abs(self.exact)).any(1)

    def rows(self, places: np.ndarray) -> Zoo:
        return Zoo(*(array[places] for array in vars(self).values()))


class Verdicts(NamedTuple):
    """What came, one a row: what the estimators were, the verdicts, and the replicates that these took.

    Attributes:
        wrong, high: whether the estimator is biased; whether its bias is upward.
        common, entries: the share of noise that its entries have in common; how many there are.
        kind: the place of its zoo among those that were asked.
    """

    wrong: np.ndarray
    high: np.ndarray
    common: np.ndarray
    entries: np.ndarray
    kind: np.ndarray
    verdict: np.ndarray
    asked: np.ndarray

    def of(self, kind: int) -> Verdicts:
        """Those on the estimators of one zoo."""
        return Verdicts(*(column[self.kind == kind] for column in self))

    @property
    def alarms(self) -> np.ndarray:
        """Of the right ones, which were called biased."""
        return self.verdict[~self.wrong] == 1

    @property
    def misses(self) -> np.ndarray:
        """Of the biased ones, which were not."""
        return self.verdict[self.wrong] == 0

    @property
    def too_many(self) -> tuple[bool, bool]:
        """Whether there are more false alarms, and more misses, than chance gives to an answer that keeps the demands."""
        return (
            int(self.alarms.sum()) > allowed(len(self.alarms), FALSE_ALARMS),
            int(self.misses.sum()) > allowed(len(self.misses), 1 - POWER),
        )


def zoo_of(
    rng: np.random.Generator,
    right: int,
    wrong: int,
    exact: np.ndarray,
    scale: np.ndarray,
    bias: float = BIAS,
) -> Zoo:
    """So many unbiased estimators, and so many with a bias in one entry; a third have noise that all entries share."""
    count, entries = right + wrong, exact.shape[1]
    size = bias * rng.uniform(1.0, 1.02, wrong) * rng.choice([-1, 1], wrong)
    mean, rows, place = exact.copy(), np.arange(right, count), rng.integers(entries, size=wrong)
    mean[rows, place] += size * scale[rows, place]
    common = 0.9 * (rng.random(count) < 1 / 3) * (entries > 1)
    zoo = Zoo(exact, mean, scale, rng.integers(len(NOISE), size=count), common)
    return zoo.rows(rng.permutation(count))


def ask(
    probe: Probe,
    rng: np.random.Generator,
    *zoos: Zoo,
    single: bool = False,
    again: bool = False,
) -> Verdicts:
    """The verdicts on all of them, in turn; where the answer is slow, on as many as there is time for, and on a third at least.

    The time is the processor's, so that the verdict does not hang on what else the machine does. A second look has more,
    and ends when there are more false alarms than all of them together may have: what would follow changes nothing.
    """
    right = sum(int((~zoo.wrong).sum()) for zoo in zoos)
    most, alarms = allowed(right, FALSE_ALARMS), 0
    seconds, before, found = 0.0, probe.twice, []
    size = CHUNK // len(zoos)
    try:
        for first in range(0, len(zoos[0].exact), size):
            for kind, zoo in enumerate(zoos):
                some = zoo.rows(np.arange(len(zoo.exact))[first : first + size])
                if not len(some.exact):
                    continue
                seed = rng.integers(2**31, size=len(some.exact))
                reply = probe.drive(
                    "is_biased", **vars(some), seed=seed, single=single, limit=LIMIT
                )
                probe.twice = False  # the first has shown whether the answer remembers
                seconds += probe.seconds
                alarms += int((reply["verdict"][~some.wrong] == 1).sum())
                high = (some.mean > some.exact).any(1)
                entries, kinds = np.full(len(seed), some.exact.shape[1]), np.full(len(seed), kind)
                found.append(
                    (some.wrong, high, some.common, entries, kinds, *map(reply.get, REPLY))
                )
            decided = again and alarms > most and any(row[0].any() for row in found)
            enough = first + size >= (0 if again else LEAST * len(zoos[0].exact))
            if decided or (enough and seconds > (PATIENCE if again else BUDGET)):
                break
    finally:
        probe.twice = before
    return Verdicts(*(np.concatenate(column) for column in zip(*found, strict=True)))


def judge(seen: Verdicts, key: str = "", hint: str = "") -> Finding:
    """Whether the counts of errors are those of an answer that keeps the demands.

    Args:
        key, says: the name of what fails in the first zoo, where the others, if there are any, show that it lies in that.
    """
    right, wrong = len(seen.alarms), len(seen.misses)
    most = allowed(right, FALSE_ALARMS), allowed(wrong, 1 - POWER)
    expected = (
        f"of {right} right estimators at most {most[0]} called biased, "
        f"and of {wrong} biased ones at most {most[1]} passed"
    )
    alarms, misses = int(seen.alarms.sum()), int(seen.misses.sum())
    actual = f"{alarms} right ones called biased, {misses} biased ones passed"
    if (seen.verdict == TOO_MANY).any():
        return holds(
            False,
            expected,
            f"as many as {seen.asked.max():,} replicates asked for in one call",
            "too_many",
            f"A call of is_biased may ask for {LIMIT:,} replicates, all its calls of draw together.",
        )
    if (seen.verdict == NO_VERDICT).any():
        return holds(
            False,
            expected,
            "something that is neither True nor False",
            "type",
            "Return one True or False for the whole estimator, however many entries it has.",
        )
    if not any(seen.too_many):
        return Finding(True, expected, actual)
    named = _named(seen)
    others = [seen.of(kind) for kind in range(1, int(seen.kind.max()) + 1)]
    if key and named[0] in OPEN and not any(any(other.too_many) for other in others):
        first = seen.of(0)
        if max(first.alarms.mean(), first.misses.mean()) > 0.2 or not others:
            named = key, hint
    return holds(False, expected, actual, *named)


def _named(seen: Verdicts) -> tuple[str, str]:
    """What the counts show, and no more than that."""
    (alarmed, missed), alarms, misses, asked = (
        seen.too_many,
        seen.alarms,
        seen.misses,
        int(seen.asked.max()),
    )
    if alarms.mean() > 0.9 and misses.mean() > 0.9:
        return "inverted", (
            "You pass the biased ones and call the right ones biased: the verdict is turned round."
        )
    if alarms.all() and not misses.any():
        return "false_alarms", (
            "You call every estimator biased. A mean of finitely many estimates is hardly ever the exact answer: "
            "how far off may chance alone take it?"
        )
    if misses.all() and not alarms.any():
        return "missed", (
            "You call no estimator biased. What chance does to a mean shrinks as replicates are added, "
            "and a bias does not: is your limit one for the mean?"
        )
    if missed and asked < needed():
        return "too_few", (
            f"With {asked:,} replicates a bias of {BIAS:g} spreads is {BIAS * asked**0.5:.1f} standard errors. No limit "
            f"finds it with {POWER:.0%} and keeps false alarms at {FALSE_ALARMS:.1%}: ask for more."
        )
    high = seen.high[seen.wrong]
    for side, word in ((high, "large"), (~high, "small")):
        if missed and side.any() and not side.all():
            if misses[side].mean() < 0.05 and misses[~side].mean() > 0.95:
                return "one_sided", (
                    f"You find the estimators that are too {word} and pass the others. A bias has either sign."
                )
    if alarmed and (not missed or alarms.mean() >= misses.mean()):
        return _alarmed(seen)
    return "missed", (
        f"{misses.mean():.0%} of the biased estimators passed; {1 - POWER:.0%} is what may."
    )


def _alarmed(seen: Verdicts) -> tuple[str, str]:
    common, entries = seen.common[~seen.wrong] > 0, seen.entries[~seen.wrong]
    if common.any() and not common.all() and seen.alarms[common].mean() > 0.05:
        others = seen.alarms[~common]
        few = int(others.sum()) <= allowed(len(others), FALSE_ALARMS)
        if few and int(seen.alarms[common].sum()) >= max(5, 10 * int(others.sum())):
            return "common_noise", (
                "The false alarms are at estimators whose entries vary together: "
                "yours counts them as if each had noise of its own."
            )
    few, many = entries == entries.min(), entries == entries.max()
    rates = seen.alarms[few].mean(), seen.alarms[many].mean()
    if entries.min() < entries.max() and seen.alarms[many].sum() > 3 and rates[1] > 2 * rates[0]:
        return "per_entry", (
            f"Right estimators of {entries.min()} entries were called biased in {rates[0]:.1%} of the calls, of "
            f"{entries.max()} entries in {rates[1]:.1%}. Each entry is a chance of a false alarm."
        )
    return "false_alarms", (
        f"{seen.alarms.mean():.1%} of the right estimators were called biased; {FALSE_ALARMS:.1%} is what may. "
        "How often does a right one lie beyond your limit?"
    )
