"""The same, datum by datum."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import several, unpack

EXERCISE = exercise(
    __name__,
    title="The same, datum by datum",
    function="climb",
    points=2,
    difficulty=2,
    importance=4,
    minutes=20,
    read="section 2, A row for every datum",
    hides=[],
    because="course_vi has nothing that returns where each datum's climb ends",
)


def _ascend(
    x: np.ndarray, m: np.ndarray, r: np.ndarray, steps: int, rate: float, which: str = "both"
) -> np.ndarray:
    """Where plain gradient ascent on the toy's ELBO arrives, ``(2, *B, D)``; ``which`` makes one of the usual mistakes."""
    total, first, squares = np.zeros((3, 2, *m.shape))
    for step in range(1, steps + 1):
        slope = np.stack([x - 2 * m, 1 - 2 * np.exp(2 * r)])
        total = total + slope if which == "accumulated" else slope
        if which == "adam":  # as in torch.optim.Adam, at its default settings
            first, squares = 0.9 * first + 0.1 * slope, 0.999 * squares + 0.001 * slope**2
            total = first / (1 - 0.9**step) / (np.sqrt(squares / (1 - 0.999**step)) + 1e-8)
        m = m + rate * total[0] * (which != "only_scale")
        r = r + rate * total[1] * (which != "only_loc")
    return np.stack([m, r])


def _ascend_and_stop(
    x: np.ndarray, m: np.ndarray, r: np.ndarray, steps: int, rate: float, least: float = -np.inf
) -> tuple[np.ndarray, np.ndarray]:
    """The place with the largest sum over the data, and the first from which a step gained less than ``least``."""
    places = [_ascend(x, m, r, step, rate) for step in range(steps + 1)]
    sums = np.array([(x * a - a**2 - np.exp(2 * b) + b).sum() for a, b in places])
    short = np.flatnonzero(np.diff(sums) < least)
    return places[int(sums.argmax())], places[short[0] + 1 if len(short) else steps]


def _climb_mistakes(
    x: np.ndarray, m: np.ndarray, r: np.ndarray, steps: int, rate: float
) -> list[Mistake]:
    with np.errstate(all="ignore"):
        return [
            Mistake(
                "batch_mean",
                "The data share one step size divided by their number: you took the gradient of the mean ELBO. Of "
                "the sum, each datum gets its own gradient, whoever else is in the batch.",
                _ascend(x, m, r, steps, rate / m[..., 0].size),
            ),
            Mistake(
                "downhill",
                "You walked downhill. The ELBO is climbed: add the gradient.",
                _ascend(x, m, r, steps, -rate),
            ),
            Mistake(
                "only_loc", "log_scale has not moved.", _ascend(x, m, r, steps, rate, "only_loc")
            ),
            Mistake(
                "only_scale", "loc has not moved.", _ascend(x, m, r, steps, rate, "only_scale")
            ),
            Mistake(
                "accumulated",
                "Gradients of earlier steps were kept. backward() adds to .grad: clear it before each step.",
                _ascend(x, m, r, steps, rate, "accumulated"),
            ),
            Mistake(
                "adam",
                "These are steps of Adam. Plain ascent adds rate times the gradient, whatever its size.",
                _ascend(x, m, r, steps, rate, "adam"),
            ),
            Mistake("one_step_less", "One step is missing.", _ascend(x, m, r, steps - 1, rate)),
            Mistake(
                "one_step_more", "There is one step too many.", _ascend(x, m, r, steps + 1, rate)
            ),
            Mistake(
                "start_ignored",
                "The climb began at zero. Begin where you are told: an encoder may have said something better.",
                _ascend(x, 0 * m, 0 * r, steps, rate),
            ),
            Mistake(
                "best_step",
                "You return the step with the largest sum over the data. What is asked is the last one, whatever came before.",
                _ascend_and_stop(x, m, r, steps, rate)[0],
            ),
            *(
                Mistake(
                    "stops_early",
                    "You stopped where the sum over the data hardly rose. Take as many steps as you are told.",
                    _ascend_and_stop(x, m, r, steps, rate, least)[1],
                )
                for least in (0.0, 1e-6, 1e-5, 1e-4, 1e-3)
            ),
            Mistake("did_not_move", "This is the starting point.", np.stack([m, r])),
        ]


def _climbed(
    probe: Probe,
    x: np.ndarray,
    m: np.ndarray,
    r: np.ndarray,
    steps: int,
    rate: float,
    model: str = "toy",
) -> Any:
    arrived = probe.drive("climb", x=x, loc=m, log_scale=r, steps=steps, rate=rate, model=model)
    return arrived if several(arrived, 2) else unpack(arrived, 2, "loc, log_scale")[0]


def _judged(
    probe: Probe, x: np.ndarray, m: np.ndarray, r: np.ndarray, steps: int, rate: float
) -> Finding:
    got, want = _climbed(probe, x, m, r, steps, rate), _ascend(x, m, r, steps, rate)
    known = [
        mistake
        for mistake in _climb_mistakes(x, m, r, steps, rate)
        if not np.allclose(mistake.value, want)
    ]
    return compare(got, want, known, rtol=1e-6, atol=1e-8, what="(loc, log_scale)")


@EXERCISE.part("Three steps from the standard normal")
def three_steps(probe: Probe, rng: np.random.Generator) -> Finding:
    x, rate = 2 * rng.normal(size=(5, 2)), rng.uniform(0.05, 0.15)
    x[0] = rng.uniform(40.0, 60.0, 2) * rng.choice([-1, 1], 2)  # far out, and steep
    return _judged(probe, x, np.zeros((5, 2)), np.zeros((5, 2)), 3, rate)


@EXERCISE.part("Ten steps from where an encoder said, of data on two axes")
def ten_steps(probe: Probe, rng: np.random.Generator) -> Finding:
    x, rate = 3 * rng.normal(size=(2, 3, 1)), rng.uniform(0.02, 0.1)
    m, r = rng.normal(size=(2, 3, 1)), rng.uniform(-4.0, 0.7, (2, 3, 1))
    r[0, 0] = rng.uniform(-7.0, -6.0)  # ten steps on, still narrow
    return _judged(probe, x, m, r, 10, rate)


@EXERCISE.part("As many steps as you are told: none at all, or on where nothing seems to be gained")
def number_of_steps(probe: Probe, rng: np.random.Generator) -> Finding:
    x, m, r = rng.normal(size=(3, 1)), rng.normal(size=(3, 1)), rng.uniform(-0.8, 0.3, (3, 1))
    finding = _judged(probe, x, m, r, 0, 0.1)
    if not finding.ok:
        return finding
    return _judged(probe, x, m, r, int(rng.integers(35, 45)), rng.uniform(0.09, 0.1))


@EXERCISE.part("A rate that overshoots is yours to take, and the last step what you return")
def overshooting(probe: Probe, rng: np.random.Generator) -> Finding:
    steps, best = 0, 0
    while best in (0, steps):  # neither the first place nor the last is the best
        x, steps, rate = rng.normal(size=(3, 2)), int(rng.integers(5, 8)), rng.uniform(1.02, 1.08)
        m, r = x / 2 + 0.1 * rng.normal(size=(3, 2)), rng.uniform(-1.6, -0.4, (3, 2))
        kept = _ascend_and_stop(x, m, r, steps, rate)[0]
        places = [_ascend(x, m, r, step, rate) for step in range(steps + 1)]
        best = next(step for step, place in enumerate(places) if np.array_equal(place, kept))
    return _judged(probe, x, m, r, steps, rate)


@EXERCISE.part("Each datum's path does not depend on who else is in the batch")
def data_are_independent(probe: Probe, rng: np.random.Generator) -> Finding:
    x, m, r = rng.normal(size=(6, 1)), rng.normal(size=(6, 1)), rng.uniform(-0.8, 0.3, (6, 1))
    x[3] *= 100.0  # one datum pulls hard
    finding = _judged(probe, x, m, r, 5, 0.1)
    return finding if not finding.ok else _judged(probe, x[:1], m[:1], r[:1], 5, 0.1)


@EXERCISE.part("On a model in which loc and log_scale depend on each other", weight=0.5)
def coupled_parameters(probe: Probe, rng: np.random.Generator) -> Finding:
    x, m, r = (
        rng.uniform(1, 3, (4, 1)),
        rng.uniform(-0.3, 0.3, (4, 1)),
        rng.uniform(-1.0, -0.5, (4, 1)),
    )
    got = _climbed(probe, x, m, r, 4, 0.05, "exponential")
    here = _ascend_exponential(x, m, r, 4, 0.05)
    hint = "Both parts move at once: take both gradients at the old point, and only then move. You moved one and asked for the other after."
    return compare(
        got,
        here,
        what="(loc, log_scale)",
        mistakes=[
            Mistake("sequential", hint, _ascend_exponential(x, m, r, 4, 0.05, "loc first")),
            Mistake("sequential", hint, _ascend_exponential(x, m, r, 4, 0.05, "scale first")),
        ],
    )


def _ascend_exponential(
    x: np.ndarray, m: np.ndarray, r: np.ndarray, steps: int, rate: float, which: str = "both"
) -> np.ndarray:
    """The climb on z ~ N(0, 1), x | z ~ N(exp z, 1). With a = E exp z, b = E exp 2z the ELBO is x a - b/2 - (m^2 + s^2)/2 + r + const."""

    def of_loc(m: np.ndarray, r: np.ndarray) -> np.ndarray:
        s2 = np.exp(2 * r)
        return x * np.exp(m + s2 / 2) - np.exp(2 * m + 2 * s2) - m

    def of_scale(m: np.ndarray, r: np.ndarray) -> np.ndarray:
        s2 = np.exp(2 * r)
        return s2 * (x * np.exp(m + s2 / 2) - 2 * np.exp(2 * m + 2 * s2) - 1) + 1

    for _ in range(steps):
        old_m, old_r = m, r
        m = old_m + rate * of_loc(old_m, old_r)
        r = old_r + rate * of_scale(m if which == "loc first" else old_m, old_r)
        m = old_m + rate * of_loc(old_m, r) if which == "scale first" else m
    return np.stack([m, r])
