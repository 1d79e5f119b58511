"""A case in which Rao-Blackwellization hurts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, several
from autograder.units.unit_05.reference import Factor, variances

EXERCISE = exercise(
    __name__,
    title="A case in which it hurts",
    function="hurting_case",
    points=3,
    difficulty=5,
    importance=3,
    minutes=40,
    read="Always better?",
    hides=[],
    because="the learner builds a model of their own",
)

RATIO, SIGNAL, MOVES = 0.5, 0.1, 0.1
MOST = 40  # factors
Case = tuple[list[Factor], Any]


def _odd(expected: str, actual: str, key: str, hint: str) -> Finding:
    return holds(False, expected, actual, key, hint)


def _read(reply: Any, bits: int) -> Case | Finding:
    """The factors and the prediction of a reply, or what is wrong with its form."""
    if not several(reply, 2) or not isinstance(reply[0], list) or not reply[0]:
        hint = (
            "Return a list of factors, each a pair (scope, table), and a tensor of two variances."
        )
        return _odd("a pair: factors, predicted", "something else", "form", hint)
    factors: list[Factor] = []
    for number, item in enumerate(reply[0]):
        odd = f"factor {number}"
        if not several(item, 2):
            return _odd("factors that are pairs (scope, table)", f"{odd} is no pair", "form", "")
        scope, table = as_array(item[0]), as_array(item[1])
        entries = tuple(int(bit) for bit in scope.ravel())
        if scope.ndim != 1 or not entries or len(set(entries)) != len(entries):
            hint = "A factor reads at least one bit, and each of its bits once. A number that reads none is no factor."
            return _odd("scopes that are tuples of bits", f"{odd} has {item[0]}", "scope", hint)
        if not all(0 <= bit < bits for bit in entries):
            hint = "Bits are numbered from 0 to D - 1."
            return _odd(f"bits from 0 to {bits - 1}", f"{odd} reads {entries}", "scope", hint)
        if table.shape != (2,) * len(entries) or not np.isfinite(table).all():
            hint = "A factor of n bits has a table of n axes of length two, of finite numbers."
            return _odd("tables (2, ..., 2)", f"{odd} has {table.shape}", "table", hint)
        factors.append((entries, table))
    if len(factors) > MOST:
        return _odd(f"at most {MOST} factors", f"{len(factors)}", "form", "")
    return factors, reply[1]


def _not_allowed(factors: list[Factor]) -> Finding | None:
    """Whether every table is one of log probabilities, and moves with its bits."""
    highest = max(float(table.max()) for _, table in factors)
    if highest > 1e-9:
        return _odd(
            "log probabilities, none of them above zero",
            f"{highest:.3g}",
            "no_log_probability",
            "The factors are log probabilities: at most zero. A constant in front of them must be negative.",
        )
    least = min(float(np.ptp(table)) for _, table in factors)
    if least < MOVES:
        return _odd(
            f"tables that move by {MOVES} or more",
            f"{least:.3g}",
            "constant_table",
            "A table that is constant reads nothing. Let every factor depend on the bits in its scope.",
        )
    return None


def _logits(rng: np.random.Generator) -> list[np.ndarray]:
    """Two bits and more, sure ones and unsure ones; bit 0 on both sides, where it hardly leans most of all."""
    sign = float(rng.choice([-1, 1]))
    first = [rng.uniform(0.22, 0.32), -rng.uniform(0.22, 0.32), sign * rng.uniform(1.5, 2.2), -sign]
    return [
        np.concatenate([[low], rng.uniform(0.3, 1.5, more) * rng.choice([-1, 1], more)])
        for low, more in zip(first, (3, 2, 1, 4), strict=True)
    ]


def _cases(probe: Probe, rng: np.random.Generator) -> list[tuple[np.ndarray, Case]] | Finding:
    """What the learner builds for each q, or what is wrong with the form of it."""
    found = []
    for logits in _logits(rng):
        case = _read(probe.value(logits), len(logits))
        if isinstance(case, Finding):
            return case
        found.append((logits, case))
    return found


def _exact(logits: np.ndarray, factors: list[Factor]) -> dict[str, float]:
    return {name: float(value[0]) for name, value in variances(logits, factors).items()}


@EXERCISE.part(
    "Factors that are log probabilities, each of which moves with its bits",
    weight=0.5,
    needs=["it_hurts"],
)
def allowed(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = _cases(probe, rng)
    if isinstance(cases, Finding):
        return cases
    for _, (factors, _) in cases:
        odd = _not_allowed(factors)
        if odd is not None:
            return odd
    return Finding(True, "log probabilities", "so they are")


@EXERCISE.part(
    "The variance is more than twice as large when only the bit's own factors are kept, at a gradient that counts",
    weight=1.5,
    needs=["allowed"],
)
def it_hurts(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = _cases(probe, rng)
    if isinstance(cases, Finding):
        return cases
    for logits, (factors, _) in cases:
        exact = _exact(logits, factors)
        signal = abs(exact["mean"]) / max(exact["kept"], 1e-300) ** 0.5
        if signal < SIGNAL:
            return _odd(
                f"a gradient of {SIGNAL} or more of its standard deviation",
                f"{signal:.3g}",
                "no_signal",
                "Where the gradient is next to nothing nobody minds its noise. Let bit 0's own factors prefer one of its values.",
            )
        ratio = exact["full"] / max(exact["kept"], 1e-300)
        if ratio >= RATIO:
            hint = (
                "It hurts, and not enough. What is dropped is closer to the best baseline, or fluctuates less, in a better case."
                if ratio < 1
                else "Here it helps, as it mostly does. What is dropped must do the work of a baseline: about which constant, and "
                "with how little fluctuation?"
            )
            return _odd(
                f"Var(full) below {RATIO} Var(own), at logits {np.round(logits, 2)}",
                f"{ratio:.3g} of it",
                "hurts_too_little",
                hint,
            )
    return Finding(True, "it hurts, at four q", "so it does")


def _near(value: np.ndarray) -> Callable[[np.ndarray], bool]:
    """Whether a prediction is this one, to a thousandth."""
    return lambda got: (
        got.shape == value.shape and bool(np.allclose(got, value, rtol=1e-3, atol=1e-6))
    )


@EXERCISE.part("Both variances, as predicted", needs=["allowed", "it_hurts"])
def predicted(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = _cases(probe, rng)
    if isinstance(cases, Finding):
        return cases
    actual, names = [], ("full", "kept", "full_square", "kept_square")
    exact = []
    for logits, (factors, prediction) in cases:
        seen = _exact(logits, factors)
        exact.append([seen[name] for name in names])
        if as_array(prediction).shape != (2,):
            return compare(prediction, np.array(exact[-1][:2]), what="the variances (full, own)")
        actual.append(as_array(prediction))
    every = np.array(exact)
    right, squares = every[:, :2], every[:, 2:]
    return compare(
        np.array(actual),
        right,
        rtol=1e-3,
        atol=1e-6,
        what="the variances (full, own) of the gradient of logit 0, at four q",
        mistakes=[
            Mistake(
                "order_swapped",
                "The two are exchanged: with all of the reward first, then with the bit's own.",
                _near(right[:, ::-1]),
            ),
            Mistake(
                "standard_deviation",
                "These are standard deviations; variances were asked for.",
                _near(np.sqrt(np.maximum(right, 0))),
            ),
            Mistake(
                "second_moment",
                "These are means of squares: subtract the square of the mean gradient.",
                _near(squares),
            ),
        ],
    )
