"""The sealed case: three couplings of three chains, told apart by how long their pairs stay apart."""

from __future__ import annotations

import itertools

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled
from autograder.units.unit_18.reference import common, maximal

__all__ = ["EXERCISE", "draw", "from_the_whole", "tails"]

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 6, When do they meet?",
    hides=[],
    because="no function of course_vi gives a verdict on a coupling",
)

MAXIMAL, COMMON, WRONG = "maximal", "common uniform", "wrong marginal"
RUNS, STEPS, SIGMAS, PROPOSED = 10_000, 6, 6.0, 24


def from_the_whole(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The faulty coupling: the overlap as it should be, and else j drawn from all of q; ``(*B, C, C)``."""
    both = np.minimum(p, q)
    table: np.ndarray = (
        both[..., None] * np.eye(p.shape[-1]) + (p - both)[..., None] * q[..., None, :]
    )
    return table


COUPLINGS = {MAXIMAL: maximal, COMMON: common, WRONG: from_the_whole}


def tails(moves: np.ndarray, pair: np.ndarray, name: str) -> np.ndarray:
    """The chance to be apart after 1, ..., STEPS steps: ``(*B, STEPS)``, for ``moves (*B, S, S)`` and ``pair (*B, 2)``."""
    batch, size = moves.shape[:-2], moves.shape[-1]
    wide = (*batch, size, size, size)
    table = COUPLINGS[name](
        np.broadcast_to(moves[..., :, None, :], wide), np.broadcast_to(moves[..., None, :, :], wide)
    )
    apart = 1 - np.eye(size).ravel()
    matrix = table.reshape(*batch, size**2, size**2) * apart * apart[:, None]
    law = np.eye(size**2)[pair[..., 0] * size + pair[..., 1]]
    found = []
    for _ in range(STEPS):
        law = (law[..., None, :] @ matrix)[..., 0, :]
        found.append(law.sum(-1))
    return np.stack(found, -1)


def _proposals(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Chains ``(3, P, S, S)``, some lazy and some not, and pairs that are apart ``(3, P, 2)``."""
    lead = (3, PROPOSED)
    logits = rng.normal(size=(*lead, size, size)) * rng.uniform(0.6, 2.5, (*lead, 1, 1))
    moves = np.exp(logits)
    moves /= moves.sum(-1, keepdims=True)
    stay = np.where(rng.random((*lead, 1, 1)) < 0.5, 0.0, rng.uniform(0.1, 0.6, (*lead, 1, 1)))
    moves = (1 - stay) * moves + stay * np.eye(size)
    pair = np.argsort(rng.random((*lead, size)), -1)[..., :2]
    return moves, pair


def _clear(each: dict[str, np.ndarray]) -> np.ndarray:
    """Whether at some time any two of the three lie ``SIGMAS`` standard errors apart, ``(3, P)``."""
    clear = np.ones(each[MAXIMAL].shape[:-1], dtype=bool)
    for a, b in itertools.combinations(each, 2):
        spread = np.maximum(each[a] * (1 - each[a]), each[b] * (1 - each[b]))
        clear &= (np.abs(each[a] - each[b]) > SIGMAS * np.sqrt(spread / RUNS) + 1e-9).any(-1)
    return clear


def _in_order(values: list[np.ndarray], order: np.ndarray) -> np.ndarray:
    """Which triples ``(P, P, P)`` have the three values in this order, well apart."""
    sides = [
        values[0][:, None, None],
        values[1][None, :, None],
        values[2][None, None, :],
    ]
    low, middle, high = (sides[place] for place in order)
    return (low * 1.1 < middle) & (middle * 1.1 < high)


def draw(rng: np.random.Generator) -> Opened:
    """Three chains, each with a pair to begin from, and how many of 10,000 pairs were apart after each of six steps.

    Which is apart most, after one step and after six, is decided by coins: any order is as likely, at both times.
    """
    size = int(rng.integers(3, 5))
    first, last = rng.permutation(3), rng.permutation(3)
    names = (MAXIMAL, COMMON, WRONG)
    while True:
        moves, pair = _proposals(rng, size)
        each = {name: tails(moves, pair, name) for name in names}
        clear = _clear(each)
        own = [each[name][row] for row, name in enumerate(names)]
        usable = [
            clear[row] & (own[row][:, -1] > 0.003) & (own[row][:, 0] < 0.97) for row in range(3)
        ]
        wanted = _in_order([one[:, 0] for one in own], first)
        wanted &= _in_order([one[:, -1] for one in own], last)
        wanted &= usable[0][:, None, None] & usable[1][None, :, None] & usable[2][None, None, :]
        triples = np.argwhere(wanted)
        if len(triples):
            break
    chosen = triples[rng.integers(len(triples))]
    sealed = {}
    for row, (name, place) in enumerate(zip(names, chosen, strict=True)):
        tail = np.concatenate([[1.0], own[row][place]])
        met = rng.multinomial(RUNS, np.append(tail[:-1] - tail[1:], tail[-1]))
        apart = RUNS - np.cumsum(met)[:STEPS]
        numbers = [moves[row, place].ravel(), pair[row, place], apart]
        sealed[name] = np.concatenate([np.asarray(part, dtype=float) for part in numbers])
    stacked, truth = shuffled(rng, sealed)
    given = {
        "moves": stacked[:, : size**2].reshape(3, size, size),
        "pair": stacked[:, size**2 : size**2 + 2].astype(np.int64),
        "apart": stacked[:, size**2 + 2 :].astype(np.int64),
    }
    return Opened(given, truth)


seal(EXERCISE, draw)
