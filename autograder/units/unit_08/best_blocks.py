"""A budget of parameters, spent where it saves most."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.unit_08.reference import (
    Blocks,
    log_det,
    partitions,
    random_precision,
)

EXERCISE = exercise(
    __name__,
    title="A budget of couplings",
    function="best_blocks",
    points=4,
    difficulty=5,
    importance=3,
    minutes=40,
    read="section 2, Gaussians: what correlation costs",
    hides=[],
    because="no function of course_vi chooses blocks",
)

CLOSE = 1e-6  # nats above the best that are rounding
APART = 0.02  # nats that a shortcut costs at one place or more


class Place(NamedTuple):
    precision: np.ndarray
    budget: int


def couplings(blocks: Blocks) -> int:
    """Pairs of latents in one block."""
    return sum(math.comb(len(block), 2) for block in blocks)


@functools.cache
def _parts(size: int) -> tuple[Blocks, ...]:
    return tuple(partitions(size))


class Gaps:
    """The gaps of all block families, from the log-determinants of all blocks: each is taken once."""

    def __init__(self, precision: np.ndarray) -> None:
        self.precision, self.whole = precision, log_det(precision)
        self.known: dict[tuple[int, ...], float] = {}

    def __call__(self, blocks: Blocks) -> float:
        return 0.5 * (sum(self._of(tuple(sorted(block))) for block in blocks) - self.whole)

    def _of(self, block: tuple[int, ...]) -> float:
        if block not in self.known:
            self.known[block] = log_det(self.precision[np.ix_(block, block)])
        return self.known[block]


def best(precision: np.ndarray, budget: int, gaps: Gaps | None = None) -> Blocks:
    """By enumeration."""
    allowed = [b for b in _parts(len(precision)) if couplings(b) <= budget]
    return min(allowed, key=gaps or Gaps(precision))


def _merged(place: Place, gaps: Gaps, by_pair: bool) -> Blocks:
    """Blocks grown step by step: the two that save most are joined, or those that hold the largest partial correlation."""
    precision, budget = place
    root = np.sqrt(np.diag(precision))
    strength = np.abs(precision) / np.outer(root, root)
    blocks = [[i] for i in range(len(precision))]
    while True:
        options = []
        for a in range(len(blocks)):
            for b in range(a):
                joined = [*blocks[b], *blocks[a]]
                rest = [blocks[k] for k in range(len(blocks)) if k not in (a, b)]
                if couplings([joined, *rest]) <= budget:
                    largest = float(strength[np.ix_(blocks[a], blocks[b])].max())
                    saved = largest if by_pair else -gaps([joined, *rest])
                    options.append((saved, [joined, *rest]))
        if not options:
            return blocks
        blocks = max(options, key=lambda option: option[0])[1]


def shortcut(place: Place, key: str, gaps: Gaps) -> Blocks:
    """What one might return for the best blocks."""
    precision, budget = place
    allowed = [b for b in _parts(len(precision)) if couplings(b) <= budget]
    if key in ("greedy", "largest_pair"):
        return _merged(place, gaps, by_pair=key == "largest_pair")
    if key == "other_kl":
        return min(allowed, key=Gaps(np.linalg.inv(precision)))
    if key == "not_scaled":
        return max(allowed, key=lambda b: _off_diagonal(precision, b))
    if key == "worst":
        most = max(map(couplings, allowed))
        return max((b for b in allowed if couplings(b) == most), key=gaps)
    keep = {
        "diagonal_counted": lambda b: couplings(b) <= max(budget - len(precision), 0),
        "squares_counted": lambda b: 2 * couplings(b) <= budget,
        "within_runs": lambda b: all(max(x) - min(x) == len(x) - 1 for x in b),
        "pairs_alone": lambda b: max(map(len, b)) <= 2,
    }[key]
    return min(filter(keep, allowed), key=gaps)


def _off_diagonal(precision: np.ndarray, blocks: Blocks) -> float:
    return float(sum(np.abs(np.triu(precision[np.ix_(block, block)], 1)).sum() for block in blocks))


SAYS = {
    "greedy": "Blocks were joined step by step, the best step first. A step that looks best may leave a remainder of the budget that "
    "buys nothing.",
    "largest_pair": "Blocks were grown along the largest partial correlations. What a block saves is a determinant, not one entry.",
    "other_kl": "These blocks lose least of the posterior's covariance: they are best for KL(p || q). The ELBO asks for KL(q || p).",
    "diagonal_counted": "The diagonal was counted, too. The budget is for couplings, pairs of latents in one block.",
    "squares_counted": "Every pair was counted twice. A block of n latents has n (n - 1) / 2 couplings.",
    "within_runs": "Only runs of neighbours were tried. A block may hold any latents.",
    "worst": "These are the blocks with the largest gap.",
    "not_scaled": "Entries of the precision were added up. They carry the units of the latents: a gap does not.",
    "pairs_alone": "Only pairs were tried. A block may be larger, if the budget allows.",
}


def _place(rng: np.random.Generator, size: int, budget: int, trap: str) -> Place:
    """A precision for which a shortcut costs more than ``APART``.

    Some traps cannot be laid: where the best are two blocks, both divergences agree, and ``other_kl`` costs nothing.
    """
    while True:
        place = Place(random_precision(rng, size, int(rng.integers(0, 3)), 1.5), budget)
        gaps = Gaps(place.precision)
        if gaps(shortcut(place, trap, gaps)) > gaps(best(*place, gaps)) + APART:
            return place


def _blocks(actual: Any, size: int) -> Blocks | None:
    """What came as lists of whole numbers that part 0 .. size - 1; None if it does not."""
    try:
        found = [[int(i) for i in np.asarray(block).ravel()] for block in actual]
    except (TypeError, ValueError):
        return None
    found = [block for block in found if block]
    return found if sorted(i for block in found for i in block) == list(range(size)) else None


def _judged(probe: Probe, places: list[Place]) -> Finding:
    answers, lost = [], []
    for place in places:
        size = len(place.precision)
        blocks = _blocks(probe.value(place.precision, place.budget), size)
        if blocks is None:
            hint = "Return a list of blocks, each a list of indices, every latent in one of them."
            return holds(False, f"blocks that part 0 to {size - 1}", "something else", "form", hint)
        if couplings(blocks) > place.budget:
            hint = "A block of n latents has n (n - 1) / 2 couplings; all blocks together may have as many as the budget."
            actual = f"{couplings(blocks)}: {blocks}"
            return holds(False, f"{place.budget} couplings or fewer", actual, "over_budget", hint)
        answers.append(blocks)
        gaps = Gaps(place.precision)
        lost.append(gaps(blocks) - gaps(best(*place, gaps)))
    worst = int(np.argmax(lost))
    expected = f"no blocks lose less, at {len(places)} places"
    if lost[worst] <= CLOSE:
        return Finding(True, expected, "as asked")
    fits = [
        key
        for key in SAYS
        if all(
            _same(blocks, shortcut(place, key, Gaps(place.precision)))
            for blocks, place in zip(answers, places, strict=True)
        )
    ]
    key = fits[0] if len(fits) == 1 else ""
    actual = f"{answers[worst]} lose {lost[worst]:.3g} nats more than {best(*places[worst])}"
    return Finding(False, expected, actual, key or "property", SAYS.get(key, ""))


def _same(one: Blocks, other: Blocks) -> bool:
    return {frozenset(block) for block in one} == {frozenset(block) for block in other}


def _two_triples(rng: np.random.Generator) -> Place:
    """Six latents of which three and three belong together, wherever they stand."""
    precision, side = random_precision(rng, 6), rng.permutation(6) < 3
    apart = side[:, None] != side
    return Place(np.where(apart, 0.1 * precision, precision), 6)  # still positive definite


@EXERCISE.part("Four and five latents: any blocks, on any scales")
def small(probe: Probe, rng: np.random.Generator) -> Finding:
    places = [
        _place(rng, 5, 3, "other_kl"),
        _place(rng, 4, 3, "pairs_alone"),
        _place(rng, 5, 4, "largest_pair"),
        _place(rng, 5, 3, "within_runs"),
    ]
    return _judged(probe, places)


@EXERCISE.part("Five and six latents, where step by step goes wrong", weight=2)
def against_greed(probe: Probe, rng: np.random.Generator) -> Finding:
    places = [
        _place(rng, 5, 2, "greedy"),
        _place(rng, 5, 4, "not_scaled"),
        _place(rng, 6, 6, "diagonal_counted"),
        _place(rng, 6, 3, "greedy"),
        _two_triples(rng),
    ]
    return _judged(probe, places)


@EXERCISE.part(
    "No budget, and one that buys everything", weight=0.5, needs=["small", "against_greed"]
)
def ends(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(
        probe,
        [
            Place(random_precision(rng, 4), 0),
            Place(random_precision(rng, 4), 6),
            Place(random_precision(rng, 1), 0),
        ],
    )
