"""Metropolis-Hastings on two chains: coupled offers, and one uniform that decides for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_18.reference import RTOL, common, draw_chain, maximal

__all__ = ["EXERCISE", "Given", "right"]

EXERCISE = exercise(
    __name__,
    title="Metropolis, on two chains",
    function="coupled_step",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="section 4, Metropolis, twice",
    hides=["chains.metropolis:coupled_metropolis"],
)


class Given(NamedTuple):
    """Log target ``(S)``, proposals ``(S, S)``, the joint table of offers ``(S, S)``, and where the two chains stand."""

    log_target: np.ndarray
    proposal: np.ndarray
    offers: np.ndarray
    x: int
    y: int


def _ratio(given: Given, at: int) -> np.ndarray:
    """The log acceptance ratio of each state from one, ``(S)``; minus infinity for what is never offered there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        back = given.log_target + np.log(given.proposal[:, at])
        ratio = back - given.log_target[at] - np.log(given.proposal[at])
    return np.where(given.proposal[at] > 0, ratio, -np.inf)


def _softened(given: Given, at: int) -> np.ndarray:
    """With a tiny number in the place of a chance of zero."""
    return _ratio(given._replace(proposal=np.maximum(given.proposal, 1e-300)), at)


def _plain_ratio(given: Given, at: int) -> np.ndarray:
    ratio: np.ndarray = given.log_target - given.log_target[at]
    return ratio


def _accepted(ratio: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.exp(np.minimum(ratio, 0.0))
    return value


def _moved(given: Given, one: np.ndarray, other: np.ndarray, both: np.ndarray) -> np.ndarray:
    """The table of the next pair, from the chances ``(S, S)`` that the first accepts, the second does, and both do."""
    here = np.eye(len(given.log_target))
    table = given.offers * both
    table = table + ((given.offers * (one - both)).sum(1))[:, None] * here[given.y]
    table = table + here[given.x][:, None] * (given.offers * (other - both)).sum(0)
    stay = (given.offers * (1 - one - other + both)).sum()
    value: np.ndarray = table + stay * here[given.x][:, None] * here[given.y]
    return value


def _table(
    given: Given,
    ratio: Callable[[Given, int], np.ndarray] = _ratio,
    accept: Callable[[np.ndarray], np.ndarray] = _accepted,
    apart: bool = False,
) -> np.ndarray:
    one = accept(ratio(given, given.x))[:, None] * np.ones_like(given.offers)
    other = accept(ratio(given, given.y))[None] * np.ones_like(given.offers)
    return _moved(given, one, other, one * other if apart else np.minimum(one, other))


def right(given: Given) -> np.ndarray:
    """The joint law of the next states, ``(S, S)``."""
    return _table(given)


def _mistakes(given: Given) -> list[Mistake]:
    def inverse(at: Given, place: int) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return -_ratio(at, place)

    def upside_down(at: Given, place: int) -> np.ndarray:
        """The correction the wrong way round."""
        with np.errstate(divide="ignore", invalid="ignore"):
            forth, back = np.log(at.proposal[place]), np.log(at.proposal[:, place])
            return _plain_ratio(at, place) + forth - back

    one, other = (_accepted(_ratio(given, at)) for at in (given.x, given.y))
    wide = np.minimum(one[:, None], other)
    here = np.eye(len(one))
    # Where a chain refuses one offer alone, whoever errs about what is refused finds these numbers, too.
    all_accepted = Mistake(
        "all_accepted", "Every offer is accepted here. Which of them are refused?", given.offers
    )
    several = min((one < 1).sum(), (other < 1).sum()) > 1
    return [
        *([all_accepted] if several else []),
        Mistake(
            "two_uniforms",
            "Here each chain has a uniform of its own. It is one uniform: both accept where it is below the lower of the two chances.",
            _table(given, apart=True),
        ),
        Mistake(
            "no_correction",
            "The proposal is not symmetric: the chance to be offered the way back belongs into the ratio.",
            _table(given, _plain_ratio),
        ),
        Mistake(
            "correction_inverted",
            "The proposal stands in the ratio the wrong way round: the way back above, the way there below.",
            _table(given, upside_down),
        ),
        Mistake(
            "no_way_back",
            "A move that could never be taken back is accepted here, where the target rises by much. Its ratio is zero.",
            _table(given, _softened),
        ),
        Mistake("ratio_inverted", "The acceptance ratio is upside down.", _table(given, inverse)),
        Mistake(
            "barker",
            "This is Barker's rule, r / (1 + r). Metropolis and Hastings accept with min(1, r).",
            _table(given, accept=lambda ratio: 1 / (1 + np.exp(-np.maximum(ratio, -700)))),
        ),
        Mistake(
            "both_or_none",
            "Here the two move together or not at all. With one uniform one chain may accept what the other refuses.",
            given.offers * wide
            + (given.offers * (1 - wide)).sum() * here[given.x][:, None] * here[given.y],
        ),
        Mistake(
            "refused_is_lost",
            "The table does not sum to one: a chain that refuses stays where it is.",
            given.offers * wide,
        ),
        Mistake(
            "transposed",
            "Rows and columns are exchanged: the first chain, that at x, stands in the rows.",
            right(given).T,
        ),
    ]


def _given(
    rng: np.random.Generator,
    size: int,
    coupled: Callable[[np.ndarray, np.ndarray], np.ndarray] = maximal,
    spread: float = 1.5,
    closed: int = 0,
    barred: int = 0,
) -> Given:
    """``closed``: how many moves of each state are never proposed; ``barred``: how many states have no chance under the target."""
    proposal = draw_chain(rng, size)
    for row in proposal:
        row[rng.permutation(size)[:closed]] = 0
    proposal /= proposal.sum(1, keepdims=True)
    log_target = spread * rng.normal(size=size) + rng.normal()
    order = rng.permutation(size)
    log_target[order[:barred]] = -np.inf
    x, y = (int(at) for at in order[barred:][:2])
    return Given(log_target, proposal, coupled(proposal[x], proposal[y]), x, y)


def _judge(probe: Probe, given: Given) -> Finding:
    return compare(
        probe.value(*given),
        right(given),
        lambda: _mistakes(given),
        RTOL,
        what=f"the law of the next pair, from ({given.x}, {given.y}) of {len(given.log_target)} states",
    )


def _all(probe: Probe, cases: Sequence[Given]) -> Finding:
    finding = Finding(True)
    for given in cases:
        finding = _judge(probe, given) if finding.ok else finding
    return finding


def _independent(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    value: np.ndarray = p[:, None] * q
    return value


@EXERCISE.part("Offers coupled in three ways", weight=2)
def three_couplings(probe: Probe, rng: np.random.Generator) -> Finding:
    return _all(
        probe,
        [
            _given(rng, 4),
            _given(rng, 5, common),
            _given(rng, 3, _independent),
            _given(rng, 6, maximal, 0.5),
        ],
    )


@EXERCISE.part("Both at one state, with one offer", weight=0.5)
def together(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = []
    for size in (3, 5):
        given = _given(rng, size)
        cases.append(given._replace(y=given.x, offers=np.diag(given.proposal[given.x])))
    return _all(probe, cases)


@EXERCISE.part(
    "Moves with no way back, states that the target forbids, log targets of thousands; two states",
    weight=0.5,
)
def extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    far = _given(rng, 4, spread=400.0)
    low = _given(
        rng, 5
    )  # one state holds all that a double can tell of the target, and nobody is there
    top = next(at for at in range(5) if at not in (low.x, low.y))
    low.log_target[top] += 3000.0
    one_way = _given(rng, 5)  # as high a state, offered to both, from which neither comes back
    high = next(at for at in range(5) if at not in (one_way.x, one_way.y))
    one_way.proposal[high, [one_way.x, one_way.y]] = 0
    one_way.proposal[high] /= one_way.proposal[high].sum()
    one_way.log_target[high] += 3000.0
    apart = _given(rng, 4)  # at one state, and yet with two offers
    here = apart.proposal[apart.x]
    return _all(
        probe,
        [
            _given(rng, 5, closed=2),
            one_way,
            _given(rng, 6, closed=3, spread=60.0),
            low,
            apart._replace(y=apart.x, offers=_independent(here, here)),
            _given(rng, 6, common, closed=1, barred=2),
            far,
            far._replace(log_target=far.log_target - 3000.0),
            _given(rng, 2),
            _given(rng, 2, _independent)._replace(log_target=np.zeros(2)),
        ],
    )
