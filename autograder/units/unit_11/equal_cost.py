"""Equal cost: a table of rows or an encoder."""

from __future__ import annotations

import itertools
import math

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack
from autograder.units.unit_11.race import Race, of_break_even, of_encoder, of_table

EXERCISE = exercise(
    __name__,
    title="Equal cost: a table, or an encoder",
    function="equal_cost",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 6, Equal cost, and the best of both",
    hides=[],
    because="no function of course_vi predicts where a climb is after so many evaluations",
)

NAMES = "table, encoder, break-even"
EXACT = 1e-8


ORDER = "Return the table's gap, the encoder's gap and the number of data, in this order."
KNOWN = (of_table, of_encoder, of_break_even)
WHAT = ("the table's mean gap", "the encoder's mean gap", "the number of data")


def _asked(probe: Probe, races: list[Race], index: int) -> Finding:
    """One result of every race, side by side."""
    actual = [unpack(probe.value(*race), 3, NAMES)[index] for race in races]
    want = np.array([race.right[index] for race in races])
    for one, right in zip(actual, want, strict=True):
        if as_array(one).shape != () or not np.isfinite(as_array(one)).all():
            return compare(one, right, rtol=EXACT, what=WHAT[index])
    told = [KNOWN[index](race) for race in races]
    mistakes = [
        Mistake(key, hint, np.array([rows[place][2] for rows in told]))
        for place, (key, hint, _) in enumerate(told[0])
    ]
    mistakes += [
        Mistake("order", ORDER, np.array([race.right[other] for race in races]))
        for other in range(3)
        if other != index
    ]
    got = np.array([float(as_array(one)) for one in actual])
    return compare(got, want, mistakes, rtol=EXACT, atol=1e-14, what=WHAT[index])


def _races(rng: np.random.Generator) -> list[Race]:
    """Few data and many; batches larger and smaller than the data set; steps that overshoot; a single datum, a single step."""
    found = []
    for count, batch, turns, slow in ((12, 4, 2, 1), (5, 10, 3, 1), (30, 6, 2, 1), (1, 3, 2, 0)):
        rate = float(rng.uniform(0.06, 0.14) if slow else rng.uniform(0.6, 0.8))
        square = rng.uniform(0.7, 1.8) if slow else rng.uniform(0.3, 0.5)
        x = rng.normal(size=count) + 0.3
        x = x * np.sqrt(square / (x**2).mean())
        found.append(Race(x, turns * math.lcm(count, batch), batch, rate))
    far = float(rng.uniform(0.55, 0.7)) / found[1].square
    found.append(found[1]._replace(budget=20, rate=far))
    return found


def _everywhere(probe: Probe, rng: np.random.Generator, index: int) -> Finding:
    return _asked(probe, _races(rng)[: 4 if index == 2 else None], index)


@EXERCISE.part("The table's mean gap after so many evaluations")
def gap_of_the_table(probe: Probe, rng: np.random.Generator) -> Finding:
    return _everywhere(probe, rng, 0)


@EXERCISE.part("The encoder's mean gap, on average over all batches")
def gap_of_the_encoder(probe: Probe, rng: np.random.Generator) -> Finding:
    return _everywhere(probe, rng, 1)


@EXERCISE.part("How many data there must be for the encoder to be ahead", weight=0.5)
def break_even(probe: Probe, rng: np.random.Generator) -> Finding:
    return _everywhere(probe, rng, 2)


def _by_all_orders(race: Race) -> float:
    """The encoder's mean gap, averaged over every sequence of batches that can be drawn; no formula has a part in it."""
    batches = list(itertools.product(race.x, repeat=race.batch))
    squares = np.array([np.mean(np.square(batch)) for batch in batches])
    weight = np.zeros(1)
    for _ in range(race.budget // race.batch):
        weight = (weight[:, None] + race.rate * squares * (1 - 2 * weight[:, None])).ravel()
    return float((np.square(weight - 0.5)).mean() * race.square)


@EXERCISE.part(
    "Predicted, and measured over every order of batches", weight=0.5, needs=["gap_of_the_encoder"]
)
def measured(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, steps in ((1, 6), (2, 4)):
        race = Race(rng.normal(size=3) + 0.5, batch * steps, batch, float(rng.uniform(0.1, 0.2)))
        actual = as_array(unpack(probe.value(*race), 3, NAMES)[1])
        if finding.ok:
            what = f"the encoder's gap, by going through all orders of {steps} batches"
            finding = compare(actual, _by_all_orders(race), rtol=1e-7, atol=1e-12, what=what)
    return finding
