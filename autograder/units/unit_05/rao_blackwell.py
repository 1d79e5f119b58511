"""S4: Rao-Blackwellization on a graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack
from autograder.units.unit_05.reference import Factor, as_sent, rewards, variances

EXERCISE = exercise(
    __name__,
    title="S4: Rao-Blackwell on a graph",
    function="rao_blackwell",
    points=4,
    difficulty=5,
    importance=5,
    minutes=50,
    read="section 3, What the model knows: Rao-Blackwellization",
    hides=["gradients.rao_blackwell:rao_blackwellized"],
)

CHAIN = ((0,), (1, 0), (2, 1), (3, 2), (3,))
CO_PARENTS = ((0,), (1,), (2, 0, 1), (4,), (3, 4, 2), (3,))  # two children with two parents each
# Bit 0 is in no factor, two factors read the same bits, and two the very same in the same order.
ALONE = ((1,), (2, 1), (1, 2), (1, 2))
GRADIENTS, TABLE = "the gradients", "the variances"


def _graph(
    rng: np.random.Generator,
    scopes: tuple[tuple[int, ...], ...],
    bits: int,
    level: float = 0.0,
    ends: tuple[float, float] = (-2.2, 1.6),
) -> tuple[np.ndarray, list[Factor]]:
    """Logits from one end to the other, in any order; tables of log factors around a level."""
    logits = rng.permutation(np.linspace(*ends, bits) + rng.uniform(-0.2, 0.2, bits))
    return logits, [(scope, level + rng.normal(size=(2,) * len(scope))) for scope in scopes]


def _bits(rng: np.random.Generator, bits: int, samples: int) -> np.ndarray:
    z: np.ndarray = (rng.random((samples, bits)) < 0.5).astype(float)
    return z


def _asked(
    probe: Probe, logits: np.ndarray, factors: list[Factor], z: np.ndarray
) -> tuple[list[Any], list[np.ndarray]]:
    """Both results, as they came and as arrays."""
    reply = probe.drive("rao_blackwell/graph", logits=logits, factors=as_sent(factors), z=z)
    pair = unpack(reply, 2, "gradients, table")
    return pair, [as_array(each) for each in pair]


def _gradient_mistakes(
    logits: np.ndarray, factors: list[Factor], z: np.ndarray, row: int
) -> list[Mistake]:
    parts = rewards(logits, factors, z)
    s, full, kept = parts.score, parts.full, parts.kept
    wrong = 1 - row
    return [
        Mistake(
            "rows_swapped",
            "The rows are exchanged: all of the reward first, then what belongs to the bit.",
            s * (full, kept)[wrong],
        ),
        Mistake(
            "entropy_dropped",
            "log q is missing from the reward.",
            s * (parts.all_factors, parts.factors)[row],
        ),
        Mistake(
            "score_is_bit",
            "The score of a logit is z - p, not z.",
            z * (full, kept)[row],
        ),
        Mistake(
            "no_score",
            "This is the reward. Each of its entries is to be multiplied with the score of its bit.",
            (full, kept)[row],
        ),
        *(
            []
            if row == 0
            else [
                Mistake(
                    "children_dropped",
                    "Only the bit's own conditional is kept. It is a parent in other factors, and they read it too: dropping "
                    "those biases the gradient.",
                    s * (parts.child - parts.own),
                ),
                Mistake(
                    "other_q_kept",
                    "log q of all bits is in the reward of each. Those of the others have mean zero against this bit's score: no "
                    "bias, and noise for nothing.",
                    s * (parts.factors - parts.all_q),
                ),
                Mistake(
                    "factors_kept",
                    "All factors are in the reward of each bit, and only log q is its own.",
                    s * (parts.all_factors - parts.own),
                ),
            ]
        ),
    ]


def _gradients(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for scopes, bits, samples in ((CHAIN, 4, 6), (CO_PARENTS, 5, 5), (ALONE, 3, 1)):
        logits, factors = _graph(rng, scopes, bits, ends=(-5.0, 4.6))
        z = _bits(rng, bits, samples)
        (actual, _), (array, _) = _asked(probe, logits, factors, z)
        parts = rewards(logits, factors, z)
        both = np.stack([parts.score * parts.full, parts.score * parts.kept])
        if array.shape != both.shape:
            return compare(actual, both, what=GRADIENTS)
        finding = compare(
            array[row],
            both[row],
            _gradient_mistakes(logits, factors, z, row),
            what=("the gradients with all of the reward", "the gradients with the bit's own")[row],
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("One-sample gradients with all of the reward, at given bits")
def full_gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    return _gradients(probe, rng, 0)


@EXERCISE.part("One-sample gradients with what belongs to the bit, on three graphs", weight=1.5)
def own_gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    return _gradients(probe, rng, 1)


def _table_mistakes(exact: dict[str, np.ndarray], right: np.ndarray, row: int) -> list[Mistake]:
    """One row of the table, as usual mistakes give it."""
    common = [
        Mistake(
            "rows_swapped",
            f"This is row {other + 1} of the table.",
            right[other],
        )
        for other in range(4)
        if other != row
    ]
    if row < 2:
        name = ("full", "kept")[row]
        return [
            Mistake(
                "second_moment",
                "These are means of squares: subtract the square of the mean gradient.",
                exact[f"{name}_square"],
            ),
            Mistake(
                "standard_deviation",
                "These are standard deviations; variances were asked for.",
                np.sqrt(exact[name]),
            ),
            *common,
        ]
    if row == 2:
        return [
            Mistake(
                "score_forgotten",
                "This is the mean of the square of what was dropped. It is multiplied with the score, whose mean square belongs "
                "to it.",
                exact["dropped_square"],
            ),
            Mistake(
                "level_forgotten",
                "This takes the variance of what was dropped. Its mean counts too: a constant times the score is noise.",
                exact["dropped_var"],
            ),
            Mistake(
                "whole_difference",
                "This is the whole difference of the two variances. It is to fall into two rows.",
                exact["full"] - exact["kept"],
            ),
            *common,
        ]
    return [
        Mistake("half_lost", "The factor two of a square of a sum is missing.", exact["rest"] / 2),
        Mistake(
            "treated_as_independent",
            "This takes the kept reward and the squared score for unrelated. Both read the same bit.",
            exact["apart"],
        ),
        Mistake(
            "score_forgotten",
            "The squared score is missing under the mean.",
            exact["unweighted"],
        ),
        Mistake("sign", "The sign is turned: the four rows do not add up.", -exact["rest"]),
        *common,
    ]


def _tables(probe: Probe, rng: np.random.Generator, rows: tuple[int, ...]) -> Finding:
    finding = Finding(True)
    for scopes, bits, level in ((CHAIN, 4, -0.4), (CO_PARENTS, 5, 0.2), (ALONE, 3, -0.4)):
        logits, factors = _graph(rng, scopes, bits, level)
        exact = variances(logits, factors)
        while not exact["rest"].min() < -1e-3 < 1e-3 < exact["rest"].max():  # a sign shows
            logits, factors = _graph(rng, scopes, bits, level)
            exact = variances(logits, factors)
        z = _bits(rng, bits, 2)
        z[1] = 1 - z[0]  # every bit takes both values: the samples at hand have a variance, too
        (_, actual), (_, array) = _asked(probe, logits, factors, z)
        right = np.stack([exact[name] for name in ("full", "kept", "alone", "rest")])
        if array.shape != right.shape:
            return compare(
                actual,
                right,
                what=TABLE,
                mistakes=[
                    Mistake(
                        "transposed", "Rows are the four quantities, columns the bits.", right.T
                    )
                ],
            )
        for row in rows:
            finding = compare(
                array[row],
                right[row],
                _table_mistakes(exact, right, row),
                what=f"row {row + 1} of the table",
            )
            if not finding.ok:
                return finding
    return finding


@EXERCISE.part("Both variances, predicted by enumeration", weight=1.5)
def both_variances(probe: Probe, rng: np.random.Generator) -> Finding:
    return _tables(probe, rng, (0, 1))


@EXERCISE.part("Their difference in two parts: what was dropped, alone, and the rest", weight=1.5)
def difference_in_two_parts(probe: Probe, rng: np.random.Generator) -> Finding:
    return _tables(probe, rng, (2, 3))
