"""Three gradients compared on a finite posterior: exact, by the ELBO, by coupled chains; and when absence of bias pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_18 import burn_in
from autograder.units.unit_18.reference import draw_law, judged

__all__ = ["EXERCISE", "Given", "kernel", "right"]

EXERCISE = exercise(
    __name__,
    title="When does it pay to have no bias?",
    function="break_even",
    points=3,
    difficulty=4,
    importance=4,
    minutes=45,
    read="section 8, Three gradients compared",
    hides=[],
    because="its parts are asked for, and taken out, in the exercises before",
)

NAMES = "exact, bias, variance, work, draws"
EXACT, BIAS, VARIANCE, WORK, DRAWS = range(5)
SAID = (
    "the slope of log p(x)",
    "the bias of the ELBO's slope",
    "the variance of one draw of the ELBO's slope",
    "variance times cost of H_0",
    "the number of draws at which the two are equal",
)


class Given(NamedTuple):
    """log p(x, z), its slope in theta and q(z), ``(S)`` each."""

    log_joint: np.ndarray
    slope: np.ndarray
    q: np.ndarray


def _posterior(given: Given) -> np.ndarray:
    weight = np.exp(given.log_joint - given.log_joint.max())
    found: np.ndarray = weight / weight.sum()
    return found


def kernel(
    given: Given, apart: bool = False, corrected: bool = True, dead: str = "accepts"
) -> np.ndarray:
    """Of pairs: one offer from q for both chains, and one uniform; ``apart``: a uniform for each.

    ``dead``: what a chain does in a state that has no chance, if it is offered another: it ``accepts``, it ``compares`` q
    alone, as if both were a little likely, or it ``waits``.
    """
    size = len(given.q)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_w = given.log_joint - (np.log(given.q) if corrected else 0.0)
        ratio = log_w[None] - log_w[:, None]
    ratio[np.isneginf(log_w)] = 0.0  # out of a state that has no chance every offer is accepted
    never = np.isneginf(given.log_joint)
    if dead == "compares":
        ratio = np.where(never[:, None] & never, np.log(given.q)[:, None] - np.log(given.q), ratio)
    if dead == "waits":
        ratio = np.where(never[:, None] & never, -np.inf, ratio)
    accept = np.exp(np.minimum(ratio, 0.0))  # (from, offer)
    one, other = accept[:, None, :], accept[None, :, :]
    both = one * other if apart else np.minimum(one, other)
    here, q = np.eye(size), given.q
    found = np.einsum("i,xyi,ia,ib->xyab", q, both, here, here)
    found += np.einsum("xya,yb->xyab", q * (one - both), here)
    found += np.einsum("xyb,xa->xyab", q * (other - both), here)
    stay = (q * (1 - one - other + both)).sum(-1)
    moved: np.ndarray = found + np.einsum("xy,xa,yb->xyab", stay, here, here)
    return moved


def _run(given: Given, **how: Any) -> tuple[float, float]:
    """The variance of H_0, and the mean of tau."""
    asked = burn_in.Given(kernel(given, **how), given.q, given.slope, 0)
    variance, cost = burn_in.right(asked)
    return float(variance[0]), float(cost[0] + 1) / 2


def right(given: Given) -> list[np.ndarray]:
    _, h, q = given
    exact = float(_posterior(given) @ h)
    bias = float(q @ h) - exact
    variance = float(q @ h**2 - (q @ h) ** 2)
    noise, tau = _run(given)
    work = noise * (2 + tau)
    return [np.asarray(v) for v in (exact, bias, variance, work, (work - variance) / bias**2)]


def _mistakes(given: Given, row: int) -> list[Mistake]:
    _, h, q = given
    posterior = _posterior(given)
    exact, bias, variance, work, _ = (float(v) for v in right(given))
    noise, tau = _run(given)
    known: list[tuple[str, str, float]] = []
    if row == EXACT:
        known = [
            ("mean_under_q", "This is the mean under q, which is what the ELBO's slope comes to.", float(q @ h)),
            ("mean_under_the_joint", "p(x, z) sums to p(x), not to one: the posterior is what the mean is taken under.",
             float(np.exp(given.log_joint) @ h)),
        ]  # fmt: skip
    if row == BIAS:
        known = [
            ("sign_of_the_bias", "The bias has the other sign: estimate less truth.", -bias),
            ("mean_under_q", "This is the mean of the ELBO's slope, not its bias.", bias + exact),
        ]
    if row == VARIANCE:
        known = [
            ("under_the_posterior", "This is the variance under the posterior; the ELBO's draws come from q.",
             float(posterior @ h**2 - (posterior @ h) ** 2)),
            ("around_the_truth", "This is the mean square of the error, with the square of the bias in it.", variance + bias**2),
            ("scale_for_variance", "This is the standard deviation.", variance**0.5),
        ]  # fmt: skip
    if row == WORK:
        alone, waited = _run(given, apart=True)
        plain, longer = _run(given, corrected=False)
        known = [
            ("starts_unpaid", "The two starts are draws from q as well.", noise * tau),
            ("offers_counted_twice", "One offer serves both chains: a step costs one draw from q, not two.", noise * (1 + 2 * tau)),
            ("moves_for_draws", "This counts moves of chains, as in the exercise before. Draws from q are asked.", noise * (2 * tau - 1)),
            ("variance_alone", "This is the variance. It is to be multiplied by the mean cost.", noise),
            ("two_uniforms", "Here each chain has a uniform of its own.", alone * (2 + waited)),
            ("no_correction_for_q", "Offers come from q, so the ratio is one of p(x, z) / q(z).", plain * (2 + longer)),
        ]  # fmt: skip
        if np.isneginf(given.log_joint).sum() > 1:
            hint = "A chain that begins in a state without chance accepts whatever it is offered, another such state, too."
            for dead in ("compares", "waits"):
                spread, length = _run(given, dead=dead)
                known.append(("dead_refuses", hint, spread * (2 + length)))
    if row == DRAWS:
        known = [
            ("elbo_noise_lost", "The ELBO's slope has noise besides its bias.", work / bias**2),
            ("bias_unsquared", "A mean squared error has the square of the bias.", (work - variance) / abs(bias)),
            ("cost_unpaid", "With N draws there are only N over the mean cost estimates H_0.", (noise - variance) / bias**2),
        ]  # fmt: skip
    return [Mistake(key, hint, np.asarray(value)) for key, hint, value in known]


def _judge(probe: Probe, cases: Sequence[Given], *rows: int) -> Finding:
    def place(given: Given) -> str:
        return f"for {len(given.q)} states"

    return judged(probe, cases, rows, right, NAMES, _mistakes, SAID, place)


def _given(
    rng: np.random.Generator, size: int, level: float = 0.0, spread: float = 1.0, barred: int = 0
) -> Given:
    """The bias is no small part of the spread, and H_0 costs more than a draw from q is worth."""
    while True:
        posterior = draw_law(rng, size, spread)
        h = rng.normal(size=size) + rng.uniform(0.5, 2.0) * rng.choice([-1, 1])
        q = 0.1 * posterior + 0.9 * draw_law(rng, size, 0.8 * spread)
        log_joint = np.log(posterior) + level + rng.uniform(-2.0, -0.5)
        log_joint[rng.permutation(size)[:barred]] = -np.inf
        given = Given(log_joint, h, q / q.sum())
        exact, bias, variance, work, draws = (float(v) for v in right(given))
        if bias**2 > 0.02 * variance and draws > 1 and abs(exact) > 0.05:
            return given


def _cases(rng: np.random.Generator) -> list[Given]:
    return [_given(rng, size) for size in (3, 4, 6)]


@EXERCISE.part("The slope of log p(x), and the bias and variance of the ELBO's")
def exact_and_bound(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, _cases(rng), EXACT, BIAS, VARIANCE)


@EXERCISE.part("Variance times cost of H_0")
def the_work(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, _cases(rng), WORK)


@EXERCISE.part("Where the two are equal", weight=0.5)
def equal(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, _cases(rng), DRAWS)


@EXERCISE.part(
    "Two states; log p of -2000; posteriors that are nearly sure; states without chance",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, 2),
        _given(rng, 4, -2000.0),
        _given(rng, 5, 30.0, 2.0),
        _given(rng, 5, barred=1),
        _given(rng, 6, barred=2),
    ]
    return _judge(probe, cases, *range(5))
