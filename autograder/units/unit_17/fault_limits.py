"""Faults of resampling on a finite chain: what their log evidence comes to, with more and more particles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import judged_rows
from autograder.units.unit_17.reference import RTOL, log_sum_exp

__all__ = ["EXERCISE", "Given", "limits"]

EXERCISE = exercise(
    __name__,
    title="Four faults, and where they lead",
    function="fault_limits",
    points=4,
    difficulty=4,
    importance=4,
    minutes=50,
    read="section 3, Who survives",
    hides=[],
    because="course_vi has no faulty filter; the forward algorithm gives one row of five",
)

NAMES = "right, no draw, drawn twice, heaviest, kept"
ROWS = NAMES.split(", ")


class Given(NamedTuple):
    """Chances of the first state ``(S)`` and of moves ``(S, S)``; log-likelihoods ``(*B, T, S)``."""

    initial: np.ndarray
    transition: np.ndarray
    log_lik: np.ndarray


def _log(chance: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        value: np.ndarray = np.log(chance)
    return value


def _moved(log_chance: np.ndarray, transition: np.ndarray) -> np.ndarray:
    """Log chances ``(*B, S)`` after a move."""
    return log_sum_exp(log_chance[..., None] + _log(transition), -2)


def _powered(given: Given, powers: list[int]) -> np.ndarray:
    """log sum over paths of their chance times likelihoods to these powers, ``(*B)``; one power for each of the first steps."""
    initial, transition, log_lik = given
    now = np.broadcast_to(_log(initial), (*log_lik.shape[:-2], len(initial)))
    for t, power in enumerate(powers):
        now = (_moved(now, transition) if t else now) + power * log_lik[..., t, :]
    return log_sum_exp(now, -1)


def _selected(given: Given, power: int) -> np.ndarray:
    """The limit of a filter that selects by this power of the weights."""
    initial, transition, log_lik = given
    now = np.broadcast_to(_log(initial), (*log_lik.shape[:-2], len(initial)))
    total = np.zeros(log_lik.shape[:-2])
    for t in range(log_lik.shape[-2]):
        now = _moved(now, transition) if t else now
        total = total + log_sum_exp(now + log_lik[..., t, :], -1)
        now = now + power * log_lik[..., t, :]
        now = now - log_sum_exp(now, -1)[..., None]
    return total


def _heaviest(given: Given, reached: bool = True, weighed: bool = False) -> np.ndarray:
    """The heaviest of the states that are reached takes all places; ``weighed``: the one with most weight in all."""
    initial, transition, log_lik = given
    now = np.broadcast_to(_log(initial), (*log_lik.shape[:-2], len(initial)))
    total = np.zeros(log_lik.shape[:-2])
    for t in range(log_lik.shape[-2]):
        here = log_lik[..., t, :]
        total = total + log_sum_exp(now + here, -1)
        score = now + here if weighed else here
        if reached:
            score = np.where(np.isfinite(now), score, -np.inf)
        now = _log(transition)[score.argmax(-1)]
    return total


def _kept(given: Given, start: int = 1, own: bool = True) -> np.ndarray:
    """The limit where resampled particles bring along the product of all their likelihoods so far."""
    total = np.zeros(given.log_lik.shape[:-2])
    for t in range(1, given.log_lik.shape[-2] + 1):
        powers = [t - u + start for u in range(1, t + 1)]
        total = total + _powered(given, powers) - (_powered(given, powers[:-1]) if own else 0.0)
    return total


def limits(given: Given) -> np.ndarray:
    """``(5, *B)``: right, weights reset without a draw, drawn twice, the heaviest, weights kept."""
    return np.stack(
        [
            _selected(given, 1),
            _selected(given, 0),
            _selected(given, 2),
            _heaviest(given),
            _kept(given),
        ]
    )


def _mistakes(given: Given, row: int) -> list[Mistake]:
    right = limits(given)
    turned = limits(given._replace(transition=given.transition.T))
    known = [
        Mistake(
            "another_row",
            f"This is what belongs into row {other + 1}: {ROWS[other]}.",
            right[other],
        )
        for other in range(5)
        if other != row and (row, other) != (4, 2)
    ]
    known.append(
        Mistake(
            "transposed",
            "Rows and columns of the moves are exchanged: row j holds where j leads to.",
            turned[row],
        )
    )
    if row == 2:
        known.append(
            Mistake("cubed", "The weights count three times here, not twice.", _selected(given, 3))
        )
    if row == 3:
        known += [
            Mistake(
                "not_reached",
                "A state that no particle is in cannot be the heaviest: some moves have no chance.",
                _heaviest(given, reached=False),
            ),
            Mistake(
                "heaviest_in_all",
                "The heaviest *particle* takes all places, not the state whose particles weigh most together.",
                _heaviest(given, weighed=True),
            ),
        ]
    if row == 4:
        known += [
            Mistake(
                "own_sum_lost",
                "The estimate divides by the sum of the weights that the particles bring along.",
                _kept(given, own=False),
            ),
            Mistake(
                "counted_twice",
                "Each likelihood counts twice here, as if a particle brought along its last one alone. It keeps the product of all of "
                "them, and is selected by it again at each later step.",
                right[2],
            ),
        ]
    return known


def _given(
    rng: np.random.Generator,
    batch: tuple[int, ...],
    steps: int,
    size: int,
    closed: int = 0,
    level: float = 0.0,
    spread: float = 1.3,
) -> Given:
    """``closed``: how many moves of each state have no chance. The heaviest states have no ties."""
    while True:
        initial, transition = rng.dirichlet(np.ones(size)), rng.dirichlet(np.ones(size), size)
        for row in transition:
            row[rng.permutation(size)[:closed]] = 0
        if closed:
            initial[rng.integers(size)] = 0
        transition /= transition.sum(-1, keepdims=True)
        log_lik = level + spread * rng.normal(size=(*batch, steps, size))
        given = Given(initial / initial.sum(), transition, log_lik)
        if np.diff(np.sort(log_lik, -1), axis=-1).min(initial=1.0) > 1e-3:
            return given


def _rare(rng: np.random.Generator) -> Given:
    """A state that holds one particle in 100,000, and whose particles are the heaviest."""
    given = _given(rng, (2,), 3, 3)
    rare = int(rng.integers(3))
    initial, transition = given.initial.copy(), given.transition.copy()
    initial[rare], transition[:, rare] = 1e-5, 1e-5
    log_lik = given.log_lik.copy()
    log_lik[..., rare] = log_lik.max(-1) + 1.0
    return Given(initial / initial.sum(), transition / transition.sum(-1, keepdims=True), log_lik)


def _judge(probe: Probe, given: Given, *rows: int) -> Finding:
    rest = f"log-likelihoods of shape {given.log_lik.shape}"
    return judged_rows(
        probe.value(*given),
        limits(given),
        NAMES,
        rows,
        _mistakes,
        given,
        lambda row: f"row {row + 1} ({ROWS[row]}), {rest}",
        RTOL,
    )


def _row(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for batch, steps, size, closed in (
        ((4,), 4, 3, 0),
        ((2, 3), 3, 4, 2),
        ((3,), 6, 2, 0),
        ((5,), 5, 5, 3),
    ):
        given = _given(rng, batch, steps, size, closed)
        finding = _judge(probe, given, row) if finding.ok else finding
    return finding


@EXERCISE.part("The right filter", weight=0.5)
def right_filter(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0)


@EXERCISE.part("Weights reset, and nothing drawn", weight=0.5)
def no_draw(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1)


@EXERCISE.part("Drawn twice", weight=1)
def drawn_twice(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 2)


@EXERCISE.part("The heaviest takes all", weight=1)
def heaviest(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 3)


@EXERCISE.part("Weights kept", weight=1.5)
def weights_kept(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 4)


@EXERCISE.part(
    "One step, one state, no batch axis; log-likelihoods of -10,000, and hundreds of nats apart",
    weight=0.5,
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, (), 4, 3),
        _given(rng, (3,), 1, 3),
        _given(rng, (1,), 3, 1),
        _given(rng, (3,), 4, 3, 1, level=-10_000.0),
        _given(rng, (3,), 5, 4, 2, spread=300.0),
        _given(rng, (2,), 3, 3, level=900.0),
        _rare(rng),
    ]
    finding = Finding(True)
    for given in cases:
        finding = _judge(probe, given, *range(5)) if finding.ok else finding
    return finding
