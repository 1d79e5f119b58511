"""S: straight-through's bias, and the temperature that is best for a budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack
from autograder.units.unit_07.quadratic import (
    HIGHEST,
    LOWEST,
    Curve,
    Place,
    asymptote,
    bent,
    curve,
    exact,
    lowest,
)
from autograder.units.unit_07.reference import sigmoid

EXERCISE = exercise(
    __name__,
    title="S: a bias, and the best temperature",
    function="straight_through",
    points=4,
    difficulty=5,
    importance=5,
    minutes=50,
    read="section 5, Straight through",
    hides=["gradients.relaxations:straight_through"],
)

NAMES = "exact, bent, best"
ATOL = 1e-8
ROOM = 1.02  # times the least mean squared error


class Asked(NamedTuple):
    """A question: a place, a temperature and a budget."""

    place: Place
    temperature: float
    samples: int


def _quadratic(rng: np.random.Generator, logit: float, sign: float = 0.0) -> Place:
    """A quadratic whose gradient does not all but vanish; c on both sides of zero. ``sign``: of a times the logit, if it is given."""
    while True:
        side = sign * np.sign(logit) if sign else rng.choice([-1, 1])
        a = float(rng.uniform(0.8, 2.5) * side)
        c = float(rng.uniform(0.2, 1.5) * rng.choice([-1, 1]))
        if min(abs(0.5 * a + c), abs(a * float(sigmoid(logit)) + c)) > 0.2:
            return Place(a, c, logit)


def _questions(rng: np.random.Generator) -> list[Asked]:
    """Bits on both sides, one of them sure; cool and warm, biased upwards and downwards; small budgets and large."""
    logits = np.array([rng.uniform(0.6, 1.4), rng.uniform(1.6, 2.4), rng.uniform(4.5, 6.0)])
    logits *= rng.permutation([1, -1, rng.choice([-1, 1])])
    warm = rng.permutation([rng.uniform(0.1, 0.2), rng.uniform(0.4, 0.9), rng.uniform(1.5, 3.0)])
    signs = rng.choice([-1.0, 1.0]) * np.where(warm == warm.min(), 1.0, -1.0)  # of the bias
    return [
        Asked(_quadratic(rng, float(logit), float(sign)), float(t), 100)
        for logit, sign, t in zip(logits, signs, warm, strict=True)
    ]


def _asked(probe: Probe, asked: Asked) -> list[Any]:
    a, c, logit = asked.place
    return unpack(probe.value(a, c, logit, asked.temperature, asked.samples), 3, NAMES)


def _column(questions: list[Asked], of: Callable[[Asked], object]) -> np.ndarray:
    return np.array([of(asked) for asked in questions], dtype=float)


def _exact_mistakes(questions: list[Asked]) -> list[Mistake]:
    right = _column(questions, lambda q: exact(q.place))
    v = _column(questions, lambda q: q.place.v)
    p = _column(questions, lambda q: float(sigmoid(q.place.logit)))
    a = _column(questions, lambda q: q.place.a)
    truth, bias, variance = right.T

    def rows(*columns: np.ndarray) -> np.ndarray:
        return np.stack(columns, 1)

    return [
        Mistake(
            "slope_in_p",
            "These are gradients in p. Asked are those in the logit: the chain rule puts p (1 - "
            "p) between them, squared in a variance.",
            rows(truth / v, bias / v, variance / v**2),
        ),
        Mistake(
            "slope_in_p",
            "The variance is that of a gradient in p. In the logit it has the square of p (1 - p).",
            rows(truth, bias, variance / v**2),
        ),
        Mistake(
            "slope_for_truth",
            "The truth was taken to be the slope of f at the bit, or at its mean. The gradient of "
            "E f knows two values of f and no slope: "
            "their difference.",
            rows(truth + bias, 0 * bias, variance),
        ),
        Mistake(
            "mean_for_bias",
            "The second number is straight-through's mean. Its bias is that less the truth.",
            rows(truth, truth + bias, variance),
        ),
        Mistake("bias_sign", "The bias has the wrong sign: mean less truth.", rows(truth, -bias, variance)),
        Mistake(
            "slope_at_mean",
            "This is the slope at the mean of the bit, which has no noise. Straight-through takes "
            "it at the bit that was drawn.",
            rows(truth, bias, 0 * variance),
        ),
        Mistake(
            "second_moment",
            "The third number is a mean of squares: subtract the square of straight-through's "
            "mean.",
            rows(truth, bias, variance + (truth + bias) ** 2),
        ),
        Mistake(
            "second_moment",
            "The third number is the mean squared error. A variance is asked.",
            rows(truth, bias, variance + bias**2),
        ),
        Mistake(
            "standard_deviation",
            "The third number is a standard deviation; a variance is asked.",
            rows(truth, bias, np.sqrt(variance)),
        ),
        Mistake(
            "variance_of_mean",
            "The third number is the variance of the mean over all samples. That of one is asked.",
            rows(truth, bias, variance / _column(questions, lambda q: q.samples)),
        ),
        Mistake(
            "half_lost",
            "The half in front of a b^2 is lost.",
            rows(truth + v * a / 2, v * 2 * a * (p - 0.5), 4 * variance),
        ),
    ]  # fmt: skip


def _bent_mistakes(questions: list[Asked]) -> list[Mistake]:
    t = _column(questions, lambda q: q.temperature)
    mean, square = _column(questions, lambda q: bent(q.place, q.temperature)).T
    truth, st_bias, _ = _column(questions, lambda q: exact(q.place)).T
    bias, variance = mean - truth, square - mean**2
    law = _column(questions, lambda q: asymptote(q.place))
    samples = _column(questions, lambda q: q.samples)
    scaled = mean * t

    def rows(*columns: np.ndarray) -> np.ndarray:
        return np.stack(columns, 1)

    return [
        Mistake(
            "mean_for_bias",
            "The first number is the mean of the bent gradient. Its bias is that less the truth.",
            rows(mean, variance),
        ),
        Mistake("bias_sign", "The bias has the wrong sign: mean less truth.", rows(-bias, variance)),
        Mistake(
            "second_moment", "The second number is a mean of squares, not a variance.", rows(bias, square)
        ),
        Mistake(
            "second_moment",
            "The second number is the mean squared error. A variance is asked.",
            rows(bias, variance + bias**2),
        ),
        Mistake(
            "standard_deviation",
            "The second number is a standard deviation; a variance is asked.",
            rows(bias, np.sqrt(variance)),
        ),
        Mistake(
            "small_temperature_law",
            "This is the law for small temperatures, bias proportional to the temperature and "
            "variance to one over it. At the temperature "
            "given it is not exact: integrate.",
            rows(t * law[:, 0], law[:, 1] / t),
        ),
        Mistake(
            "temperature_lost",
            "The slope of the bent bit in the logit lacks its factor 1 / temperature.",
            rows(scaled - truth, t**2 * variance),
        ),
        Mistake(
            "variance_of_mean",
            "The second number is the variance of the mean over all samples. That of one is asked.",
            rows(bias, variance / samples),
        ),
        Mistake(
            "straight_through_bias",
            "The bias is that of straight-through. The bent gradient is taken at the bent bit.",
            rows(st_bias, variance),
        ),
    ]  # fmt: skip


@EXERCISE.part("The truth, straight-through's bias and its variance")
def exact_numbers(probe: Probe, rng: np.random.Generator) -> Finding:
    questions = _questions(rng)
    return _compared(
        probe,
        questions,
        0,
        _column(questions, lambda q: exact(q.place)),
        _exact_mistakes(questions),
        "(truth, bias, variance) at three places",
    )


@EXERCISE.part("Bias and variance of the bent gradient, at the temperature given")
def bent_numbers(probe: Probe, rng: np.random.Generator) -> Finding:
    questions = _questions(rng)
    mean, square = _column(questions, lambda q: bent(q.place, q.temperature)).T
    truth = _column(questions, lambda q: exact(q.place)[0])
    return _compared(
        probe,
        questions,
        1,
        np.stack([mean - truth, square - mean**2], 1),
        _bent_mistakes(questions),
        "(bias, variance) of the bent gradient at three places",
    )


def _compared(
    probe: Probe,
    questions: list[Asked],
    place: int,
    right: np.ndarray,
    mistakes: list[Mistake],
    what: str,
) -> Finding:
    rows = []
    for asked, row in zip(questions, right, strict=True):
        actual = _asked(probe, asked)[place]
        array = as_array(actual)
        if array.shape != row.shape:
            return compare(actual, row, what=what)
        rows.append(array)
    return compare(np.stack(rows), right, mistakes, atol=ATOL, what=what)


GRID = np.geomspace(LOWEST, HIGHEST, 160)


def _wrong_bests(asked: Asked, seen: Curve) -> dict[str, float]:
    """Temperatures that are best for something else, from bias and variance on a grid."""
    bias, variance, k = seen.bias, seen.variance, asked.samples
    law_bias, law_variance = asymptote(asked.place)

    def at(loss: np.ndarray) -> float:
        return float(GRID[int(loss.argmin())])

    return {
        "budget_ignored": at(bias**2 + variance),
        "bias_not_squared": at(np.abs(bias) + variance / k),
        "standard_error": at(np.abs(bias) + np.sqrt(variance / k)),
        "bias_alone": at(np.abs(bias)),
        "law": float(np.clip((law_variance / (2 * law_bias**2 * k)) ** (1 / 3), LOWEST, HIGHEST)),
    }


UNSQUARED = (
    "This is best for the bias alone, or for a sum in which the bias is not squared. A mean "
    "squared error is the square of the bias plus the "
    "variance over the budget."
)
SAYS = {
    "budget_ignored": "This is best for a single sample. The variance of a mean over the budget is smaller, and its bias is not.",
    "bias_not_squared": UNSQUARED,
    "standard_error": UNSQUARED,
    "bias_alone": UNSQUARED,
    "law": "This is the law for small temperatures. It is right as the budget grows, and this budget is not large enough: use the exact "
    "bias and variance.",
}


def _budgets(rng: np.random.Generator) -> list[Asked]:
    """Places and budgets at which no temperature that is best for something else will do."""
    found = []
    cool = 0.085  # below the temperatures at which the second answer is asked
    for samples in rng.permutation([int(rng.integers(15, 60)), 700, 12_000, 60_000]):
        while True:
            logit = float(rng.uniform(0.4, 2.0) * rng.choice([-1, 1]))
            asked = Asked(_quadratic(rng, logit), 0.5, int(samples))
            best, least = lowest(asked.place, asked.samples)
            wrong = _wrong_bests(asked, curve(asked.place, GRID))
            if samples == 60_000 and (best > cool or _error(asked, 0.1) < 1.04 * least):
                continue
            if 1.2 * LOWEST < best < HIGHEST / 1.2 and all(
                _error(asked, t) > 1.04 * least
                for name, t in wrong.items()
                if name not in ("law", "bias_alone") or samples < 10_000
            ):
                found.append(asked)
                break
    return found


def _error(asked: Asked, temperature: float) -> float:
    mean, square = bent(asked.place, temperature)
    return float((mean - exact(asked.place)[0]) ** 2 + (square - mean**2) / asked.samples)


@EXERCISE.part(
    "The best temperature for a budget",
    weight=1.5,
    read="section 3, The gradient of another problem",
)
def best_temperature(probe: Probe, rng: np.random.Generator) -> Finding:
    questions = _budgets(rng)
    actual, ratios = [], []
    for asked in questions:
        reply = _asked(probe, asked)[2]
        value = as_array(reply)
        if value.size != 1:
            return compare(reply, 1.0, what="the best temperature")
        t = float(value.reshape(()))
        if not LOWEST * 0.999 <= t <= HIGHEST * 1.001:
            return holds(
                False,
                f"a temperature from {LOWEST} to {HIGHEST:g}",
                f"{t:.4g}",
                "out_of_range",
                "Look for the best temperature inside the range.",
            )
        actual.append(t)
        ratios.append(_error(asked, t) / lowest(asked.place, asked.samples)[1])
    worst = int(np.argmax(ratios))
    if ratios[worst] <= ROOM:
        return Finding(
            True,
            f"a mean squared error within {ROOM - 1:.0%} of the least",
            f"within {max(ratios[worst] - 1, 0):.1%}",
        )
    best = np.array([lowest(asked.place, asked.samples)[0] for asked in questions])
    wrong = [_wrong_bests(asked, curve(asked.place, GRID)) for asked in questions]
    mistakes = [
        Mistake(
            "bias_not_squared" if hint is UNSQUARED else name,
            hint,
            np.array([each[name] for each in wrong]),
        )
        for name, hint in SAYS.items()
    ]
    finding = compare(
        np.array(actual), best, mistakes, rtol=3e-3, what="the best temperatures for four budgets"
    )
    if finding.ok or finding.diagnosis == "value":
        a, c, logit = questions[worst].place
        return holds(
            False,
            f"a mean squared error within {ROOM - 1:.0%} of the least, at a = {a:.3f}, c = "
            f"{c:.3f}, logit = {logit:.3f}, "
            f"{questions[worst].samples} samples: at temperature {best[worst]:.4f}",
            f"{ratios[worst]:.3g} times the least, at temperature {actual[worst]:.4f}",
            "not_the_least",
            "The error may have more than one valley, and a narrow one where the bias changes "
            "sign: scan the whole range, then look closer.",
        )
    return finding
