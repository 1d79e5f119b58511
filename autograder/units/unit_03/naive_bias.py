"""S2: its bias, predicted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.estimates import unbiased
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import several, unpack
from autograder.units.unit_03.reference import (
    EXACT,
    ONE,
    and_batches_of_one,
    asked_twice,
    naive_gradients,
    toy_inputs,
)

EXERCISE = exercise(
    __name__,
    title="S2: its bias, predicted",
    function="naive_bias",
    points=2,
    difficulty=4,
    importance=5,
    minutes=25,
    read="The naive gradient has mean zero",
    hides=[],
    because="no function of course_vi predicts this bias",
)


def _bias_mistakes(
    loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, index: int
) -> list[Mistake]:
    s = np.exp(log_scale)
    wanted = (-(x - 2 * loc), -(1 - 2 * s**2))
    shared = [
        Mistake(
            "sign",
            "This is the gradient itself. The bias is the mean of the estimate minus the gradient: zero minus the gradient.",
            -wanted[index],
        ),
        Mistake(
            "zero_bias",
            "A mean of zero is not a bias of zero: the bias is the mean minus what it ought to be.",
            0 * x,
        ),
        Mistake(
            "sum_over_dim",
            "One number per coordinate is asked, (*B, D): do not sum over the last axis.",
            wanted[index].sum(-1),
        ),
        Mistake(
            "mean_over_dim",
            "One number per coordinate is asked, (*B, D): do not average over the last axis.",
            wanted[index].mean(-1),
        ),
        Mistake(
            "swapped", "Return the bias of loc first, then that of log_scale.", wanted[1 - index]
        ),
    ]
    with np.errstate(all="ignore"):
        own = [
            [
                Mistake(
                    "prior_forgotten",
                    "The pull of the prior, -m, is missing: the gradient is x - 2m, zero at the posterior mean x/2.",
                    -(x - loc),
                ),
                Mistake(
                    "entropy_of_loc",
                    "The entropy does not depend on the mean.",
                    -(x - 2 * loc) - 1 / s,
                ),
            ],
            [
                Mistake(
                    "wrt_scale",
                    "This is the derivative in s. Asked is the one in log s: multiply by s (the chain rule).",
                    -(1 / s - 2 * s),
                ),
                Mistake(
                    "entropy_forgotten",
                    "The entropy, log s plus a constant, has the derivative 1 in log s. It is missing.",
                    2 * s**2,
                ),
                Mistake(
                    "likelihood_forgotten",
                    "Both prior and likelihood feel the spread of z: each brings -s^2.",
                    -(1 - s**2),
                ),
                Mistake(
                    "scale_as_variance",
                    "exp(log_scale) is the standard deviation s; you used it as the variance s^2.",
                    -(1 - 2 * s),
                ),
                Mistake(
                    "log_scale_as_scale",
                    "log_scale is the logarithm of s: exponentiate it first.",
                    -(1 - 2 * log_scale**2),
                ),
            ],
        ][index]
    return own + shared


def _predicted(
    probe: Probe, args: tuple[np.ndarray, ...], index: int
) -> tuple[object, Finding | None]:
    reply, sampled = asked_twice(probe, *args)
    return unpack(reply, 2, "bias_loc, bias_log_scale")[index], sampled if several(
        reply, 2
    ) else None


def _prediction(probe: Probe, rng: np.random.Generator, index: int, what: str) -> Finding:
    params, _ = toy_inputs(rng, dim=3)
    args = (params["loc"], params["log_scale"], params["x"])
    got, sampled = _predicted(probe, args, index)
    finding = sampled or compare(
        got,
        _bias(*args)[index],
        rtol=EXACT,
        what=what,
        mistakes=_bias_mistakes(*args, index),
    )

    def on_few(*few: np.ndarray) -> Finding:
        actual = unpack(probe.value(*few), 2, "bias_loc, bias_log_scale")[index]
        return compare(actual, _bias(*few)[index], rtol=EXACT, what=f"{what}, {ONE}")

    return and_batches_of_one(finding, args, on_few)


def _bias(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return -(x - 2 * loc), -(1 - 2 * np.exp(2 * log_scale))


@EXERCISE.part("The bias for loc, predicted")
def bias_of_loc(probe: Probe, rng: np.random.Generator) -> Finding:
    return _prediction(probe, rng, 0, "the bias for loc")


@EXERCISE.part("The bias for log_scale, predicted")
def bias_of_log_scale(probe: Probe, rng: np.random.Generator) -> Finding:
    return _prediction(probe, rng, 1, "the bias for log_scale")


@EXERCISE.part(
    "No bias where there is no gradient: at the posterior",
    weight=0.5,
    needs=["bias_of_loc", "bias_of_log_scale"],
)
def zero_at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(3, 2))
    args = x / 2, np.full_like(x, -0.5 * np.log(2)), x
    finding = Finding(False)
    for index, name in enumerate(("loc", "log_scale")):
        got = _predicted(probe, args, index)[0]
        finding = compare(
            got + 0.0 if isinstance(got, np.ndarray) else got,
            0 * x,
            what=f"the bias for {name} at q = N(x/2, 1/2)",
        )
        if not finding.ok:
            break
    return finding


@EXERCISE.part("Predicted and measured agree")
def predicted_and_measured(probe: Probe, rng: np.random.Generator) -> Finding:
    """Measured without the learner: mean of naive minus unbiased gradients, both from the same draws, against the prediction."""
    loc, log_scale, x = (
        rng.uniform(-1, 1, (1, 1)),
        rng.uniform(-1.2, -0.6, (1, 1)),
        rng.uniform(1, 3, (1, 1)),
    )
    reply = probe.value(loc, log_scale, x)
    if not several(reply, 2) or any(
        not isinstance(item, np.ndarray) or item.size != 1 for item in reply
    ):
        return compare(reply, np.zeros((2, 1, 1)), what="the bias")
    predicted = np.array([float(item.ravel()[0]) for item in reply])

    measured: list[np.ndarray] = []

    def draw(count: int) -> np.ndarray:
        eps = rng.normal(size=(4, count, 1))
        where = {
            name: np.tile(value, (count, 1))
            for name, value in (("loc", loc), ("log_scale", log_scale), ("x", x))
        }
        g = naive_gradients(**where, eps=eps)
        measured.append(g["naive"] - (g["naive"] + g["path"]))
        return measured[-1]

    names = ["loc", "log_scale"]
    finding = unbiased(
        probe,
        draw,
        predicted,
        names=names,
        what="a measured bias within its error of the one you predicted",
    )
    mean, error = measured[-1].mean(0), measured[-1].std(0, ddof=1) / len(measured[-1]) ** 0.5
    lines = [
        f"{name}: predicted {number:.4g}, measured {m:.4g} ± {e:.2g}"
        for name, number, m, e in zip(names, predicted, mean, error, strict=True)
    ]
    hint = (
        finding.hint
        if finding.diagnosis != "biased"
        else "We ran the naive estimator at these inputs and measured its bias. Your prediction lies outside the error of that measurement."
    )
    return replace(finding, hint=hint, actual="; ".join(lines))
