r"""How often would a right answer fail? Bounded by simulating the null, not read off the normal table.

Each statistical part of a check looks once at R replicates, and again at several times as many fresh ones if the first look was
suspicious. Only the second look can fail it, so for a right answer

.. math:: P(\text{fail}) = P(T_1 > 1)\; P(T_2 > 1 \mid T_1 > 1) \le p_1\, p_2 .

Both chances are measured on the right answers of the corpus, in all their idioms, at random inputs: p1 in many first looks;
p2 in second looks *at those inputs whose first look was the most suspicious* (the upper tenth), because that is the condition
under which a second look happens. Each is bounded from above with 97.5 % confidence (Clopper and Pearson), so their product holds
with 95 %. The bounds of an exercise's parts add up; the promise is at most 1e-6 per exercise. Parts that compare values at fixed
noise have no chance in them.

Means are simulated with a fifth of their replicates (``FEWER``). That is quicker and bounds the truth from above: by Cramér's
expansion both tails together exceed the normal ones by a factor that falls with the number of replicates.

``python -m autograder calibrate`` writes ``units/unit_NN/nulls.json``; a test reads them, and holds them to the checks as they are now.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from autograder import units
from autograder.audit.corpus import corpus
from autograder.checks.probe import InProcess, Probe
from autograder.units import EXERCISES

__all__ = ["PROMISE", "false_failure", "simulate", "statistical_parts", "table", "upper_bound"]

UNITS = Path(units.__file__).parent
PROMISE = 1e-6
FIRST_LOOKS, SECOND_LOOKS = 10_000, 4_000
CONFIDENCE = 0.975
FEWER = 5


def table(unit: str | None = None) -> dict[str, Any]:
    """The simulated nulls of a unit, or of all: exercise to part to row. Empty where nothing was simulated yet."""
    found: dict[str, Any] = {}
    for path in sorted(UNITS.glob("unit_*/nulls.json")):
        if unit is None or path.parent.name == f"unit_{unit[:2]}":
            found |= json.loads(path.read_text("utf-8"))
    return found


def upper_bound(exceeded: int, looks: int) -> float:
    """The largest chance under which so few exceedances are still plausible (one-sided Clopper-Pearson, 97.5 %).

    >>> round(upper_bound(0, 10_000), 6)
    0.000369
    """
    from scipy.stats import beta

    return 1.0 if exceeded >= looks else float(beta.ppf(CONFIDENCE, exceeded + 1, looks - exceeded))


def false_failure(row: dict[str, Any]) -> float:
    """The bound on the chance that a right answer fails one part."""
    return upper_bound(*row["first"][:2]) * upper_bound(*row["second"][:2])


def statistical_parts(exercise: str) -> list[int]:
    """The parts of a check in which chance has a say, found by running it on a right answer."""
    answer = next(
        answer
        for answer in corpus(EXERCISES[exercise].unit)
        if answer.exercise == exercise and answer.right
    )
    learner = answer.load()
    found = []
    for index, part in enumerate(EXERCISES[exercise].parts):
        probe = Probe(InProcess(learner), 1, 1, EXERCISES[exercise].number)
        part.run(probe, np.random.default_rng(2))
        if probe.trials:
            found.append(index)
    return found


def looks(exercise: str, index: int, stage: int, inputs: Sequence[int], salt: int) -> list[float]:
    """The largest statistic of one look at each of the given inputs; the right answers of the corpus take turns."""
    learners = [
        answer.load()
        for answer in corpus(EXERCISES[exercise].unit)
        if answer.exercise == exercise and answer.right
    ]
    part = EXERCISES[exercise].parts[index]
    statistics = []
    for turn, number in enumerate(inputs):
        probe = Probe(
            InProcess(learners[turn % len(learners)]),
            10**9 * salt + number,
            stage,
            EXERCISES[exercise].number,
            FEWER,
        )
        probe.twice = False
        part.run(probe, np.random.default_rng(number))
        statistics.append(max(statistic for _, statistic in probe.trials))
    return statistics


def simulate(
    exercise: str,
    index: int,
    first: int = FIRST_LOOKS,
    second: int = SECOND_LOOKS,
    workers: int = 1,
) -> dict[str, Any]:
    """Simulate the null of one part: ``{"name", "first": [exceeded, looks, largest], "second": [...]}``."""
    inputs = list(range(1, first + 1))
    one = np.array(_spread_over(workers, exercise, index, 1, inputs, 1))
    suspicious = [inputs[place] for place in np.argsort(one)[::-1][: max(1, first // 10)]]
    again = [suspicious[turn % len(suspicious)] for turn in range(second)]
    two = np.concatenate(
        [
            _spread_over(
                workers, exercise, index, 2, again[start : start + len(suspicious)], 2 + start
            )
            for start in range(0, second, len(suspicious))
        ]
    )
    row = [
        [int((looks_ > 1).sum()), len(looks_), round(float(looks_.max()), 3)]
        for looks_ in (one, two)
    ]
    return {"name": EXERCISES[exercise].parts[index].name, "first": row[0], "second": row[1]}


def _spread_over(
    workers: int, exercise: str, index: int, stage: int, inputs: list[int], salt: int
) -> list[float]:
    if workers == 1:
        return looks(exercise, index, stage, inputs, salt)
    with ProcessPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(looks, exercise, index, stage, inputs[worker::workers], salt)
            for worker in range(workers)
        ]
        interleaved = [0.0] * len(inputs)
        for worker, job in enumerate(jobs):
            interleaved[worker::workers] = job.result()
    return interleaved
