"""Two couplings of two laws, as tables: the one that meets as often as it can, and the one by a common uniform."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_18.reference import common, draw_law, judged, maximal, variation

__all__ = ["EXERCISE", "Given", "right"]

EXERCISE = exercise(
    __name__,
    title="Two draws that meet",
    function="two_couplings",
    points=3,
    difficulty=3,
    importance=5,
    minutes=30,
    read="section 3, Two chains, one coupling",
    hides=["chains.couplings:maximal_table", "chains.couplings:common_uniform_table"],
)

NAMES = "maximal, common"
TABLES = (
    "the table of the coupling that meets as often as it can",
    "the table of the coupling by one uniform",
)


class Given(NamedTuple):
    """Two laws, ``(*B, C)`` each."""

    p: np.ndarray
    q: np.ndarray


def right(given: Given) -> list[np.ndarray]:
    return [maximal(*given), common(*given)]


def _outer(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    value: np.ndarray = first[..., None] * second[..., None, :]
    return value


def _mistakes(given: Given, row: int) -> list[Mistake]:
    p, q = given
    tables, eye = right(given), np.eye(p.shape[-1])
    both = np.minimum(p, q)
    met = both.sum(-1)[..., None, None]
    diagonal = both[..., None] * eye
    known = [
        Mistake(
            "independent",
            "The two are independent here: each has its law, and they meet by accident alone.",
            _outer(p, q),
        ),
        Mistake("another_row", f"This is {TABLES[1 - row]}.", tables[1 - row]),
        Mistake(
            "transposed",
            "Rows and columns are exchanged: i, in the rows, has the law p.",
            np.swapaxes(tables[row], -1, -2),
        ),
    ]
    if row == 0:
        rest = _outer(p - both, q - both)
        known += [
            Mistake(
                "not_normalized",
                "The part off the diagonal is not normalized: what is left of p and of q are no laws, each sums to the chance not to meet.",
                diagonal + rest,
            ),
            Mistake(
                "rest_from_all",
                "Off the overlap both are drawn from p and q themselves. That counts the overlap twice: the marginals are wrong.",
                diagonal + (1 - met) * _outer(p, q),
            ),
            Mistake(
                "rest_of_one",
                "The second is drawn from q itself where the two do not meet. Its marginal is no longer q: what is left of q?",
                diagonal + _outer(p - both, q),
            ),
            Mistake(
                "only_the_overlap",
                "This table does not sum to one: where do the two go when they do not meet?",
                diagonal,
            ),
            Mistake(
                "overlap_as_product",
                "The chance to be both at c cannot exceed either of the two chances. It can be larger than their product.",
                _outer(p, q) * eye,
            ),
        ]
    return known


def _judge(probe: Probe, given: Given, *rows: int) -> Finding:
    def place(given: Given) -> str:
        return f"for laws of shape {given.p.shape}"

    return judged(probe, [given], rows, right, NAMES, _mistakes, TABLES, place)


def _given(
    rng: np.random.Generator,
    batch: tuple[int, ...],
    size: int,
    empty: int = 0,
    spread: float = 1.3,
) -> Given:
    """``empty``: how many outcomes of each law have no chance."""
    laws = []
    for _ in range(2):
        made = np.stack([draw_law(rng, size, spread) for _ in range(int(np.prod(batch)))])
        for law in made:
            law[rng.permutation(size)[:empty]] = 0
        made /= made.sum(-1, keepdims=True)
        laws.append(made.reshape(*batch, size))
    return Given(*laws)


def _rows(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for batch, size, empty in (((4,), 3, 0), ((2, 3), 5, 2), ((5,), 4, 0)):
        given = _given(rng, batch, size, empty)
        finding = _judge(probe, given, row) if finding.ok else finding
    return finding


@EXERCISE.part("The coupling that meets as often as it can", weight=1.5)
def meets(probe: Probe, rng: np.random.Generator) -> Finding:
    return _rows(probe, rng, 0)


@EXERCISE.part("The coupling by one uniform")
def one_uniform(probe: Probe, rng: np.random.Generator) -> Finding:
    return _rows(probe, rng, 1)


@EXERCISE.part(
    "No batch axis, one outcome; equal laws, or nearly, laws that share nothing, chances of 1e-9",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    alone = _given(rng, (), 4)
    same = _given(rng, (3,), 4, 1)
    apart = np.stack([draw_law(rng, 3) for _ in range(2)])
    zeros = np.zeros((2, 3))
    mixed = _given(rng, (3,), 6)
    mixed.q[1] = mixed.p[1]
    near = _given(rng, (2,), 5)
    nearly = near.p * (1 + 1e-4 * rng.uniform(-1, 1, near.p.shape))
    nearer = near.p * (1 + 1e-6 * rng.uniform(-1, 1, near.p.shape))
    cases = [
        alone,
        Given(near.p, nearly / nearly.sum(-1, keepdims=True)),
        Given(near.p, nearer / nearer.sum(-1, keepdims=True)),
        Given(same.p, same.p.copy()),
        Given(np.concatenate([apart, zeros], 1), np.concatenate([zeros, apart[::-1]], 1)),
        mixed,
        _given(rng, (2,), 5, 0, 8.0),
        Given(np.ones((2, 1)), np.ones((2, 1))),
        _given(rng, (1,), 7, 3),
    ]
    finding = Finding(True)
    for given in cases:
        finding = _judge(probe, given, 0, 1) if finding.ok else finding
    return finding


def meeting(given: Given) -> tuple[np.ndarray, np.ndarray]:
    """How likely the two couplings meet, ``(*B)`` each; the first is one minus the total variation."""
    return 1 - variation(*given), np.trace(common(*given), axis1=-2, axis2=-1)
