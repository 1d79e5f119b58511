"""A coder that has to learn its model: bits of fresh rows, below a stated rate, and all of them back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.shared import LN2, as_array
from autograder.units.unit_19.reference import comes_back

EXERCISE = exercise(
    __name__,
    title="Below a stated rate",
    function="codec",
    points=4,
    difficulty=4,
    importance=4,
    minutes=50,
    read="section 6, Real digits",
    hides=[],
    because="course_vi codes with a net that has been trained, and what is asked for here is the whole of it",
)

PIXELS, TRAIN, ROWS, DREAMS = 12, 1500, 80, 60
MARGIN = 0.35  # bits a row above those of the model that made the data
SHARED = 1.5  # bits a row that pixel by pixel cannot save, at least
STRANGE = 3.0  # bits a row by which rows decoded from coin flips may be dearer than real ones


class World(NamedTuple):
    """A mixture: the chances of its classes ``(C)``, and of the pixels of each ``(C, D)``."""

    chances: np.ndarray
    pixels: np.ndarray


def bits(world: World, rows: np.ndarray) -> np.ndarray:
    """What the model that made the data pays for rows, each, with the class summed out."""
    log_p = rows @ np.log(world.pixels.T) + (1 - rows) @ np.log(1 - world.pixels.T)
    value: np.ndarray = -np.logaddexp.reduce(log_p + np.log(world.chances), axis=1) / LN2
    return value


def apart(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """What rows cost pixel by pixel, with the frequencies of the data."""
    on = (train.sum(0) + 0.5) / (len(train) + 1)
    value: np.ndarray = -(rows @ np.log(on) + (1 - rows) @ np.log(1 - on)) / LN2
    return value


def sampled(rng: np.random.Generator, world: World, rows: int) -> np.ndarray:
    kind = rng.choice(len(world.chances), rows, p=world.chances)
    return (rng.random((rows, world.pixels.shape[1])) < world.pixels[kind]).astype(float)


def world(rng: np.random.Generator) -> tuple[World, np.ndarray, np.ndarray]:
    """A mixture of two to four classes, data of it, and fresh rows: together pixels say far more than one by one."""
    while True:
        classes = int(rng.integers(2, 5))
        chances = rng.dirichlet(np.full(classes, 6.0))
        sure = rng.uniform(0.03, 0.14, (classes, PIXELS))
        pixels = np.where(rng.random((classes, PIXELS)) < 0.5, sure, 1 - sure)
        made = World(chances, pixels)
        train, rows = sampled(rng, made, TRAIN), sampled(rng, made, ROWS)
        if (apart(train, train) - bits(made, train)).mean() > SHARED:
            return made, train, rows


def asked(
    probe: Probe, train: np.ndarray, rows: np.ndarray, seed: int, dreams: int = 1
) -> dict[str, Any]:
    seen: dict[str, Any] = probe.drive(
        "data/compress", train=train, rows=rows, seed=seed, dreams=dreams
    )
    return seen


def _top(seen: dict[str, Any], rows: np.ndarray) -> Finding | None:
    """What is wrong with the first half of the rows, where no more was asked for."""
    half, got = len(rows) // 2, as_array(seen["top"])
    if np.array_equal(got, rows[:half]):
        return None
    expected = f"decode(stack, {half}), of {len(rows)} rows, returns the first {half}"
    if np.array_equal(got, rows[::-1][:half][::-1]):
        hint = "All rows come back in order, and of a part the wrong end: the first row does not lie on top of the stack."
        return holds(False, expected, f"the last {half}", "first_row_below", hint)
    return holds(False, expected, "others", "part_of_the_rows", "")


def _lossless(seen: dict[str, Any], rows: np.ndarray) -> Finding | None:
    return comes_back(
        seen,
        rows,
        "decode(stack, count) returns so many rows of bits.",
        "Does the decoder, made a second time from the same data, compute the same probabilities, and undo each step in reverse?",
    )


def _rate(seen: dict[str, Any], made: World, train: np.ndarray, rows: np.ndarray) -> Finding:
    """The rate that was reached, and the one that is asked."""
    spent, best = float(seen["spent"]) / len(rows), float(bits(made, rows).mean())
    alone, most = float(apart(train, rows).mean()), best + MARGIN
    expected = f"at most {most:.2f} bits a row: {MARGIN} more than the model that made the data"
    actual = f"{spent:.2f} bits a row, {spent - best:+.2f}"
    if spent <= 0.5 * best:
        return holds(
            False,
            expected,
            f"{spent:.2f} bits a row, which nobody can reach",
            "off_the_stack",
            "Rows have to be told by what is on the stack, and by nothing else.",
        )
    if spent <= most:
        return holds(True, expected, actual)
    if abs(spent - rows.shape[1]) < 0.02:
        return holds(
            False,
            expected,
            actual,
            "raw_bits",
            "This is a bit for each pixel: nothing was learned.",
        )
    if abs(spent - alone) < 0.06:
        return holds(
            False,
            expected,
            actual,
            "pixels_apart",
            "This is what rows cost pixel by pixel, with the frequencies of the data. What else do pixels of one row tell of each other?",
        )
    return holds(False, expected, actual, "rate", "")


@EXERCISE.part("Fresh rows come back, and so does the stack", weight=1.0, needs=["below"])
def lossless(probe: Probe, rng: np.random.Generator) -> Finding:
    _, train, rows = world(rng)
    rows = rows[: ROWS // 4]
    seen = asked(probe, train, rows, int(rng.integers(10**6)))
    return (
        _lossless(seen, rows)
        or _top(seen, rows)
        or holds(True, "rows and stack again", "to the bit")
    )


@EXERCISE.part("Below the stated rate, on two sets of data", weight=2.0)
def below(probe: Probe, rng: np.random.Generator) -> Finding:
    first, second = (_on_data(probe, rng) for _ in range(2))
    found = second if first.ok else first
    if found.diagnosis == "pixels_apart" and first.diagnosis != second.diagnosis:
        return replace(found, diagnosis="rate", hint="")  # so near on one set of data by chance
    return found


def _on_data(probe: Probe, rng: np.random.Generator) -> Finding:
    made, train, rows = world(rng)
    seen = asked(probe, train, rows, int(rng.integers(10**6)))
    return _lossless(seen, rows) or _rate(seen, made, train, rows)


@EXERCISE.part("Coin flips, decoded, look like the data", weight=0.75, needs=["below"])
def dreams(probe: Probe, rng: np.random.Generator) -> Finding:
    made, train, rows = world(rng)
    seen = asked(probe, train, rows[:4], int(rng.integers(10**6)), DREAMS)
    dreamt = as_array(seen["dreamt"])
    if dreamt.shape != (DREAMS, PIXELS) or not np.isin(dreamt, (0.0, 1.0)).all():
        return holds(
            False,
            f"{DREAMS} rows of bits from coin flips",
            f"an array of shape {dreamt.shape}",
            "form",
            "Any stack can be decoded: from coin flips come draws of the model.",
        )
    paid, usual = float(bits(made, dreamt).mean()), float(bits(made, train).mean())
    other = len(np.unique(dreamt, axis=0))
    if other < min(20, len(np.unique(train[:DREAMS], axis=0)) // 3):
        return holds(
            False,
            "many different rows from coin flips",
            f"{other} different ones",
            "not_the_model",
            "Decoding coin flips is sampling from the model by which one codes.",
        )
    ok = paid < usual + STRANGE
    expected = f"rows for which the model that made the data pays about {usual:.2f} bits"
    hint = "Decoding coin flips is sampling from the model by which one codes. These rows look unlike the data."
    return holds(
        ok, expected, f"{paid:.2f} bits", "property" if ok else "not_the_model", "" if ok else hint
    )
