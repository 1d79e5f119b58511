"""One value, another gradient."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref

EXERCISE = exercise(
    __name__,
    title="One value, another gradient",
    function="value_and_gradient",
    points=2,
    difficulty=2,
    importance=5,
    minutes=15,
    read="section 6, What the gradient does not see",
    hides=["gradients.estimator:as_surrogate"],
)


def _quantities(
    rng: np.random.Generator, scale: float = 1.0
) -> tuple[dict[str, np.ndarray], np.ndarray, dict[str, np.ndarray]]:
    """Parameters, the value, and the gradients that could come: of value, surrogate and both, ``(2, B)`` each."""
    a = rng.uniform(0.5, 1.5, 20)
    b = rng.uniform(1.5, 2.5, 20) * np.where(np.arange(20) % 2, -1, 1)  # values of either sign
    of_value = np.stack([np.cos(a), np.ones(20)])
    of_surrogate = scale * np.stack([2 * a * b, a**2])
    values = {"a": a, "b": b, "scale": np.asarray(scale)}
    return (
        values,
        np.sin(a) + b,
        {"value": of_value, "surrogate": of_surrogate, "s": scale * a**2 * b},
    )


@EXERCISE.part("The value is the value")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    params, value, other = _quantities(rng)
    got = probe.value(ref("value"), ref("surrogate"), problem="two_quantities", params=params)
    return compare(
        got,
        value,
        rtol=1e-13,
        atol=0.0,
        what="the value",
        mistakes=[
            Mistake(
                "surrogate_value",
                "You returned the surrogate, or something of its value. What is printed must be the value.",
                other["s"],
            ),
            Mistake(
                "sum_of_both",
                "You added both. The surrogate must add nothing to the value: subtract its own detached copy.",
                value + other["s"],
            ),
            Mistake(
                "nothing_left",
                "Value and surrogate cancel. Only the surrogate has its own detached copy subtracted.",
                0 * value,
            ),
        ],
    )


@EXERCISE.part("The gradient is that of the surrogate")
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    params, _, g = _quantities(rng)
    reply = probe.gradient("two_quantities", params, ref("value"), ref("surrogate"))
    got = np.stack([reply.gradient["a"], reply.gradient["b"]])
    return compare(
        got,
        g["surrogate"],
        rtol=1e-9,
        what="the gradient in (a, b)",
        mistakes=[
            Mistake(
                "both_gradients",
                "The gradient of the value came along. Detach the value.",
                g["value"] + g["surrogate"],
            ),
            Mistake(
                "value_gradient",
                "This is the gradient of the value. Detach the value, and leave one copy of the surrogate attached.",
                g["value"],
            ),
            Mistake(
                "no_gradient",
                "No gradient comes back: everything is detached. One copy of the surrogate must stay attached.",
                0 * g["value"],
            ),
            Mistake(
                "minus",
                "The gradient has the wrong sign: surrogate minus its detached copy, not the other way round.",
                -g["surrogate"],
            ),
        ],
    )


@EXERCISE.part("No digit is lost when the surrogate is ten million times larger")
def large_surrogate(probe: Probe, rng: np.random.Generator) -> Finding:
    """In single precision, and in double: there the last digits are what may be lost."""
    params, value, _ = _quantities(rng, scale=1e7)
    hint = (
        "A number of ten million leaves few digits for decimals, in float32 none. Form the difference "
        "surrogate - surrogate.detach() first, which is exactly zero, and add the value to that."
    )
    lost = Mistake(
        "digits_lost",
        hint,
        lambda got: got.shape == value.shape and bool((np.abs(got - value) < 8).all()),
    )
    finding = Finding(False)
    for dtype, name, rtol in ((np.float32, "float32", 1e-6), (np.float64, "float64", 1e-14)):
        given = {name: array.astype(dtype) for name, array in params.items()}
        got = probe.value(ref("value"), ref("surrogate"), problem="two_quantities", params=given)
        finding = compare(got, value, [lost], rtol=rtol, atol=0.0, what=f"the value, in {name}")
        if not finding.ok:
            break
    return finding
