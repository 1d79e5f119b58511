"""What shows when arms are called again: with the same seed, with other seeds, with outcomes shuffled.

How sure: a claim is said not to repeat where Welch's t of old against new differences has p < 1e-4, or where ten new seeds (or as many as
it has, if those are more) do not reach two standard errors in its direction. An honest claim of effect d, in standard deviations of
a difference, misses the second with the probability that a noncentral t of nine degrees of freedom stays below two
(``chance_to_miss``). It is not small where d is about one: such a claim wants more seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import scipy
import torch

from autograder.honesty.claim_rules import CLAIMS, said_to_fail
from autograder.honesty.record_rules import recomputed
from autograder.honesty.rerun import Ran, heard_seeds
from autograder.honesty.rules import Fault, same_number
from course_vi.diagnostics.claim import LIMIT
from course_vi.study import Agreement, Comparison, Rest, Table
from course_vi.study.verdicts import flat, run_arms, summary

__all__ = ["again", "chance_to_miss", "new_seeds", "shuffles"]

FRESH, LEAST_T, RARE = 10, 2.0, 1e-4


def chance_to_miss(effect: float, seeds: int = FRESH) -> float:
    """How often an honest claim of this effect, in standard deviations of a difference, does not reach two standard errors.

    >>> [f"{chance_to_miss(effect):.0e}" for effect in (1.0, 1.3, 2.0)]
    ['1e-01', '3e-02', '4e-05']
    """
    return float(scipy.stats.nct.cdf(LEAST_T, seeds - 1, effect * math.sqrt(seeds)))


def new_seeds(used: Sequence[int], many: int) -> list[int]:
    """Seeds that a report has not used.

    >>> new_seeds([0, 1000003], 2)
    [1000004, 1000005]
    """
    found: list[int] = []
    seed = 1_000_003
    while len(found) < many:
        if seed not in used:
            found.append(seed)
        seed += 1
    return found


def shuffles(table: Table, many: int) -> list[Table]:
    """The same inputs with outcomes dealt out anew, several times."""
    return [table.shuffled(torch.Generator().manual_seed(1000 + i)) for i in range(many)]


def again(ran: Ran, fresh: int = FRESH) -> tuple[list[Fault], list[str]]:
    """All that calling arms again shows: the faults, and what a reader should know."""
    found: list[Fault] = []
    notes: list[str] = []
    for study in ran.studies:
        for event in study.events:
            try:
                found += recomputed(study.train, event)
                if not isinstance(event, CLAIMS) or not event.values:
                    continue
                if not event.holds:
                    if words := said_to_fail(ran, event.name):
                        notes.append(
                            f"[{event.name}] failed, and the text says: “{' '.join(words.split())[:200]}”"
                        )
                    continue  # what failed promises nothing
                if isinstance(event, Comparison):
                    one, told = _comparison(study.train, event, fresh)
                    found, notes = found + one, notes + told
                elif isinstance(event, Agreement):
                    found += _agreement(study.train, event, fresh)
                else:
                    found += _rest(study.train, event)
            except Exception as error:  # an arm met a seed or a table that it did not expect
                found.append(
                    Fault(
                        "repeats",
                        f"[{event.name}] cannot be run again: {type(error).__name__}: {error}. An arm takes any whole number as seed "
                        "and any table of the same shape as data",
                    )
                )
    return found, notes


def _comparison(data: Table, event: Comparison, fresh: int) -> tuple[list[Fault], list[str]]:
    found, notes, name = [], [], f"[{event.name}]"
    found += _same_again(data, event) + _pairs(data, event)
    (one, first), (two, second) = event.values.items()
    tables = shuffles(data, 5)
    mixed: dict[str, list[float]] = {one: [], two: []}
    for table, seed in zip(tables, event.seeds, strict=False):
        for label, arm in event.arms.items():
            mixed[label].append(flat(arm(table, seed)))
    if all(
        same_number(*pair)
        for label in mixed
        for pair in zip(mixed[label], event.values[label], strict=False)
    ):
        says = "both arms give the very same numbers when outcomes are shuffled: they do not read the data that they are handed"
        found.append(Fault("data", f"{name}: {says}"))
    else:
        mean, error, t = summary(mixed[one], mixed[two])
        says = f"with outcomes shuffled the difference is {mean:+.4g} ± {error:.2g}, t = {t:+.1f}"
        if t >= LIMIT and event.anyway:
            notes.append(f"{name} holds with outcomes shuffled, too, as it says: “{event.anyway}”")
        elif t >= LIMIT:
            found.append(Fault("shuffled", f"{name} would pass with outcomes shuffled: {says}"))
        elif event.anyway:
            notes.append(f"{name} should hold with outcomes shuffled (“{event.anyway}”), but {says}")  # fmt: skip
    if event.anyway and min(a - b for a, b in zip(first, second, strict=True)) == 0:
        notes.append(
            f"no difference of [{event.name}] is negative and one is zero: is an arm the best of several, so that it cannot lose?"
        )
    values = run_arms(event.arms, data, new_seeds(event.seeds, max(fresh, len(first))))
    return found + _repeats(event, (first, second), (values[one], values[two])), notes


def _repeats(event: Comparison, old: tuple[list[float], ...], new: tuple[list[float], ...]) -> list[Fault]:  # fmt: skip
    before, after = summary(*old), summary(*new)
    a = [x - y for x, y in zip(*old, strict=True)]
    b = [x - y for x, y in zip(*new, strict=True)]
    if before[1] <= 1e-12 * max(abs(before[0]), 1.0):
        return []  # without any chance in it, which is another rule's
    p = float(scipy.stats.ttest_ind(a, b, equal_var=False).pvalue)
    if p >= RARE and after[2] >= LEAST_T:
        return []
    return [
        Fault(
            "repeats",
            f"[{event.name}] claims {before[0]:+.4g} ± {before[1]:.2g}; {len(b)} other seeds give {after[0]:+.4g}"
            f" ± {after[1]:.2g} (t = {after[2]:+.1f}, and p = {p:.1g} that both are the same)",
        )
    ]


def _same_again(data: Table, event: Comparison | Agreement) -> list[Fault]:
    found = []
    for label, arm in event.arms.items():
        torch.manual_seed(20_231)  # where a global generator stands must not matter
        here = flat(arm(data, event.seeds[0]))
        torch.manual_seed(20_232)
        there = flat(arm(data, event.seeds[0]))
        then = event.values[label][0]
        if not all(math.isclose(here, one, rel_tol=1e-5, abs_tol=1e-9) for one in (then, there)):
            found.append(
                Fault(
                    "repeatable",
                    f"[{event.name}]: with seed {event.seeds[0]}, “{label}” gave {then:.6g}, and again {here:.6g} and {there:.6g}",
                )
            )
    return found


def _pairs(data: Table, event: Comparison | Agreement) -> list[Fault]:
    heard = []
    for arm in event.arms.values():
        with heard_seeds() as seeds:
            arm(data, event.seeds[1])
            heard.append(set(seeds))
    if heard[0] and heard[1] and not heard[0] & heard[1]:
        one, two = event.arms
        return [
            Fault(
                "pairs",
                f"[{event.name}]: handed seed {event.seeds[1]}, “{one}” draws from {_some(heard[0])} and “{two}” from "
                f"{_some(heard[1])}: these are no pairs",
            )
        ]
    return []


def _agreement(data: Table, event: Agreement, fresh: int) -> list[Fault]:
    found = _same_again(data, event) + _pairs(data, event)
    (one, two), first = event.arms, next(iter(event.values.values()))
    tables = shuffles(data, 5)
    exact = event.arms[two]
    mixed = [flat(exact(table, seed)) for table, seed in zip(tables, event.seeds, strict=False)]
    mean, error, _ = summary(first[:5], mixed)
    if abs(mean) + 2 * error <= event.within:
        found.append(
            Fault(
                "can_fail",
                f"[{event.name}] takes {event.within:g} for agreement, and so “{one}” of the data would agree with “{two}” of shuffled "
                f"outcomes: the difference is {mean:+.3g} ± {error:.2g}",
            )
        )
    values = run_arms(event.arms, data, new_seeds(event.seeds, max(5, min(fresh, len(first)))))
    mean, error, _ = summary(values[one], values[two])
    if abs(mean) - 2 * error > event.within:
        says = f"claims agreement within {event.within:g}; other seeds differ by {mean:+.3g} ± {error:.2g}"
        found.append(Fault("repeats", f"[{event.name}] {says}"))
    return found


def _rest(data: Table, event: Rest) -> list[Fault]:
    once = event.values["once"]
    # as of an optimizer that stops by itself, after many steps
    same = all(same_number(*pair) for pair in zip(once, event.values["twice"], strict=True))
    if same and same_number(flat(event.run(data, event.seeds[0], 2)), once[0]):
        return [Fault("rest", f"[{event.name}]: twice the steps give the very same numbers: `run` does not use `steps`")]  # fmt: skip
    seeds = new_seeds(event.seeds, 3)
    once, twice = ([flat(event.run(data, s, n)) for s in seeds] for n in (event.steps, 2 * event.steps))  # fmt: skip
    mean, error, _ = summary(twice, once)
    if abs(mean) - 3 * error > event.within:
        says = f"claims rest within {event.within:g}; with other seeds twice the steps give {mean:+.3g} ± {error:.2g} more"
        return [Fault("rest", f"[{event.name}] {says}")]
    return []


def _some(seeds: set[int]) -> str:
    return ", ".join(map(str, sorted(seeds)[:3])) + (", …" if len(seeds) > 3 else "")
