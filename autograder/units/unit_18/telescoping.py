"""The sum that telescopes: from what h gave along two chains to an estimate without bias, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack
from autograder.units.unit_18.reference import judged

__all__ = ["EXERCISE", "Given", "estimate", "right"]

EXERCISE = exercise(
    __name__,
    title="A sum that telescopes",
    function="unbiased_estimate",
    points=3,
    difficulty=4,
    importance=5,
    minutes=40,
    read="section 5, A sum that telescopes",
    hides=[
        "chains.unbiased:telescope",
        "chains.unbiased:unbiased_estimates",
        "chains.unbiased:kernel_calls",
    ],
)

NAMES, SAID = "estimate, cost", ("the estimate", "the cost")


class Given(NamedTuple):
    """h along both chains, ``(max(tau, m) + 1, *E)`` and ``(tau, *E)``, and the window k to m."""

    ahead: np.ndarray
    behind: np.ndarray
    k: int
    m: int


def estimate(
    given: Given,
    begin: int = 1,
    ramp: bool = True,
    lag: int = 1,
    sign: float = 1.0,
    width: int = 0,
    stop: int | None = None,
) -> np.ndarray:
    """H_{k:m}; the arguments are the places where people slip.

    Args:
        begin: the first correction, counted from k.
        ramp: whether corrections inside the window count in part.
        lag: how far the second chain is behind.
        width: added to m - k + 1.
        stop: the meeting time, if another one is believed.
    """
    ahead, behind, k, m = given
    tau = len(behind) if stop is None else stop
    size = max(m - k + 1 + width, 1)
    value = ahead[k : m + 1].sum(0) / size
    for t in range(k + begin, tau):
        share = min(1.0, max(t - k, 0) / size) if ramp else 1.0
        value = value + sign * share * (ahead[t] - behind[max(t - lag, 0)])
    found: np.ndarray = value
    return found


def right(given: Given) -> list[np.ndarray]:
    tau = len(given.behind)
    return [estimate(given), np.asarray(float(max(tau, given.m) + tau - 1))]


def _mistakes(given: Given, row: int) -> list[Mistake]:
    ahead, behind, k, m = given
    tau, late = len(behind), max(len(behind), given.m)
    if row == 1:
        known = [
            (
                "two_chains_always",
                "After the meeting one chain is enough: the other is where it is.",
                2 * late - 1,
            ),
            (
                "states_for_moves",
                "These are states. The first state of either chain is no transition.",
                late + tau + 1,
            ),
            (
                "lag_uncounted",
                "The chain ahead is one transition older, and that one is drawn, too.",
                late + tau - 2,
            ),
            ("until_meeting", "The chain ahead goes on to m if the two meet before.", 2 * tau - 1),
            (
                "one_transition_for_two",
                "A move of both chains is two transitions, as long as they are apart.",
                late,
            ),
        ]
        return [Mistake(key, hint, np.asarray(float(value))) for key, hint, value in known]
    kept = [given._replace(k=j, m=j) for j in range(k, m + 1)]
    from_first = sum((estimate(one, ramp=False) for one in kept[:1]), np.zeros(ahead.shape[1:]))
    same = np.all(ahead[1:tau].reshape(tau - 1, -1) == behind[: tau - 1].reshape(tau - 1, -1), 1)
    believed = int(np.argmax(same)) + 1 if same.any() else tau
    return [
        Mistake(
            "no_correction",
            "This is the plain average over the window. Its bias is that of the start; what corrects it?",
            ahead[k : m + 1].mean(0),
        ),
        Mistake(
            "no_ramp",
            "Every correction counts in full. In the mean of H_k, ..., H_m, how many of them contain the one at time t?",
            estimate(given, ramp=False),
        ),
        Mistake("only_the_first", "This is H_k alone; the mean of H_k, ..., H_m is asked.", from_first),
        Mistake(
            "lag_forgotten",
            "h of the chain ahead is compared with h of the other at the same time. The one behind is compared one step earlier.",
            np.asarray(estimate(given._replace(behind=np.concatenate([behind, ahead[tau : tau + 1]])), lag=0, stop=tau)),
        ),
        Mistake(
            "sign",
            "The corrections have the wrong sign: what is added is ahead minus behind.",
            estimate(given, sign=-1.0),
        ),
        Mistake(
            "one_late",
            "The sum begins one term too late: H_k has a correction at time k + 1.",
            estimate(given, begin=2),
        ),
        Mistake(
            "from_zero",
            "The corrections begin at time 1 whatever k is. H_k begins with h(X_k): what telescopes from there?",
            _from_zero(given),
        ),
        Mistake(
            "width",
            "The window from k to m has m - k + 1 members.",
            estimate(given, width=-1),
        ),
        Mistake(
            "met_by_values",
            "The two are taken to have met where h is equal. h may have one value in two states; behind tells by its length when they met.",
            estimate(given, stop=believed),
        ),
        Mistake(
            "only_after_the_window",
            "Only corrections after m are there. Those between k and m belong to some of H_k, ..., H_m, too.",
            ahead[k : m + 1].mean(0) + _after(given),
        ),
    ]  # fmt: skip


def _after(given: Given) -> np.ndarray:
    ahead, behind, _, m = given
    terms = [ahead[t] - behind[t - 1] for t in range(m + 1, len(behind))]
    return np.asarray(sum(terms, np.zeros(ahead.shape[1:])))


def _from_zero(given: Given) -> np.ndarray:
    ahead, behind, k, m = given
    terms = [ahead[t] - behind[t - 1] for t in range(1, len(behind))]
    return np.asarray(sum(terms, ahead[k : m + 1].mean(0)))


def _given(
    rng: np.random.Generator,
    tau: int,
    k: int,
    m: int,
    event: tuple[int, ...] = (),
    alike: bool = False,
) -> Given:
    """Values far from zero; ``alike``: the two chains give one value at times before they have met."""
    ahead = rng.normal(size=(max(tau, m) + 1, *event)) + rng.uniform(1.0, 3.0) * rng.choice([-1, 1])
    behind = 1.5 * rng.normal(size=(tau, *event)) + rng.normal()
    behind[-1] = ahead[tau]
    if alike:
        for t in range(k + 4, tau, 3):
            behind[t - 1] = ahead[t]
    return Given(ahead, behind, k, m)


def _judge(probe: Probe, cases: Sequence[Given], *rows: int) -> Finding:
    def place(given: Given) -> str:
        return f"for tau = {len(given.behind)}, k = {given.k}, m = {given.m}"

    return judged(probe, cases, rows, right, NAMES, _mistakes, SAID, place)


@EXERCISE.part("One time: m = k", weight=1)
def one_time(probe: Probe, rng: np.random.Generator) -> Finding:
    sizes = [(7, 0), (9, 3), (int(rng.integers(12, 20)), int(rng.integers(4, 8)))]
    return _judge(probe, [_given(rng, tau, k, k, (3,)) for tau, k in sizes], 0)


@EXERCISE.part("A window", weight=1)
def window(probe: Probe, rng: np.random.Generator) -> Finding:
    k = int(rng.integers(1, 4))
    cases = [
        _given(rng, 14, k, k + 5, (3,)),
        _given(rng, int(rng.integers(8, 12)), k, k + 20, (4,)),
        _given(rng, 30, 0, 3, (3,)),
        _given(rng, 9, 2, 8, (3,)),
    ]
    return _judge(probe, cases, 0)


@EXERCISE.part("What it cost", weight=0.5)
def cost(probe: Probe, rng: np.random.Generator) -> Finding:
    late, window = int(rng.integers(15, 30)), int(rng.integers(3, 9))
    sizes = [
        (late, 0, 0),
        (window, window + 2, window + 5),
        (late + 5, 3, window),
        (1, 0, 0),
        (1, window, window),
        (window, window, window),
        (late, 2, late + window),
    ]
    cases = [_given(rng, *size, (2,)) for size in sizes]
    costs = []
    for given in cases:
        reply = unpack(probe.value(*given), 2, NAMES)[1]
        if as_array(reply).shape != ():
            return _judge(probe, [given], 1)
        costs.append(float(as_array(reply)))
    each = [_mistakes(given, 1) for given in cases]
    known = [
        Mistake(same[0].key, same[0].hint, np.array([float(one.value) for one in same]))
        for same in zip(*each, strict=True)
    ]
    want = np.array([float(right(given)[1]) for given in cases])
    told = ", ".join(f"({len(given.behind)}, {given.k}, {given.m})" for given in cases)
    return compare(np.array(costs), want, known, what=f"the cost at (tau, k, m) = {told}")


@EXERCISE.part(
    "Chains that meet at once, or before k, or as the window ends; one number, tables; equal values before the meeting",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, 1, 0, 0),
        _given(rng, 1, 4, 7, (2,)),
        _given(rng, 3, 6, 9, (3,)),
        _given(rng, 5, 5, 5, (3,)),
        _given(rng, 5, 4, 4, (3,)),
        _given(rng, 6, 2, 5, (3,)),
        _given(rng, 8, 1, 3),
        _given(rng, 8, 1, 4, (2, 3)),
        _given(rng, 12, 1, 2, (3,), alike=True),
        _given(rng, 11, 0, 0, alike=True),
    ]
    return _judge(probe, cases, 0, 1)
