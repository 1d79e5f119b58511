"""The missing half: what a proposal of independent pixels costs."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_02.missing_half_mistakes import MISTAKES, Half
from autograder.units.unit_02.reference import row_of

EXERCISE = exercise(
    __name__,
    title="The missing half",
    function="missing_half",
    points=4,
    difficulty=5,
    importance=4,
    minutes=50,
    read="section 2, Naive Monte Carlo, and half a digit",
    hides=[
        "models.tractable.bernoulli_mixture:BernoulliMixture.log_joint_all",
        "models.tractable.bernoulli_mixture:BernoulliMixture.log_evidence",
        "models.tractable.bernoulli_mixture:BernoulliMixture.responsibilities",
        "models.tractable.bernoulli_mixture:BernoulliMixture.posterior",
        "models.tractable.bernoulli_mixture:BernoulliMixture.complete",
    ],
)

NAMES = (
    "the log evidence of what is seen",
    "the bits of uniform proposals",
    "the bits of a product of marginals",
)


def _inputs(
    rng: np.random.Generator,
    components: int,
    seen: int,
    missing: int,
    sure: float = 0.0,
    surprising: bool = False,
) -> Half:
    """Components that differ in weight, and that what is seen does not tell apart for sure.

    Args:
        sure: the share of pixels that are nearly always the same.
        surprising: most of what is seen is what no component expects.
    """
    size = seen + missing
    weights = rng.permutation(np.linspace(1.0, 3.0, components)) * rng.uniform(0.9, 1.1, components)
    logits = 1.5 * rng.normal(size=(components, size))
    logits = np.where(rng.random(size) < sure, 5.0 * logits, logits)
    mask = np.zeros(size, dtype=bool)
    mask[rng.permutation(size)[:seen]] = True
    dull = rng.permutation(np.flatnonzero(mask))[3:]  # here all components say nearly the same
    logits[:, dull] = logits[:1, dull]
    logits[:, dull] += 0.3 * rng.normal(size=(components, len(dull))) / max(len(dull), 1) ** 0.5
    p = np.clip(1 / (1 + np.exp(-logits)), 1e-4, 1 - 1e-4)
    x = (rng.random(size) < p[rng.integers(components)]).astype(float)
    if surprising:
        x[dull] = (p[0, dull] < 0.5).astype(float)
    return Half(np.log(weights / weights.sum()), p, x, mask)


def _judged(probe: Probe, places: list[Half], rows: tuple[int, ...] = (0, 1, 2)) -> Finding:
    """The same rows of several questions, side by side."""
    actual = [probe.value(*at) for at in places]
    for each, at in zip(actual, places, strict=True):
        if as_array(each).shape != (3,):
            return compare(each, at.exact(), what="the three numbers")
    finding, right = Finding(True), np.stack([at.exact() for at in places], 1)
    mine = np.stack([as_array(each) for each in actual], 1)
    for row in rows:
        mistakes = [
            Mistake(same[0].key, same[0].hint, np.array([one.value for one in same]))
            for same in zip(*(MISTAKES[row](at) for at in places), strict=True)
        ]
        finding = row_of(mine, right, row, mistakes, "the numbers", NAMES, 1e-7)
        if not finding.ok:
            return finding
    return finding


def _halves(rng: np.random.Generator) -> list[Half]:
    """Four pictures, of which the last is like a digit."""
    sizes = ((3, 4, 5, 0.0), (2, 6, 3, 0.3), (4, 5, 12, 0.2), (6, 32, 32, 0.3))
    return [_inputs(rng, *each) for each in sizes]


@EXERCISE.part("The log evidence of what is seen")
def evidence(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _halves(rng), (0,))


@EXERCISE.part("What uniform proposals cost, in bits", weight=1.5)
def uniform_proposals(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _halves(rng), (1,))


@EXERCISE.part("What a product of the right marginals costs, in bits", weight=1.5)
def product_of_marginals(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _halves(rng), (2,))


@EXERCISE.part("Large pictures, nearly sure pixels, and what no component expects")
def large_pictures(probe: Probe, rng: np.random.Generator) -> Finding:
    first = [_inputs(rng, 3, count, 40, 0.9, True) for count in (300, 400, 350)]
    finding = _judged(probe, first)
    return finding if not finding.ok else _judged(probe, [_inputs(rng, 2, 20, 1500, 1.0)])


@EXERCISE.part("Nothing is seen, or one pixel; one is missing, or none; one component", weight=0.5)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    sizes = ((3, 0, 6), (4, 1, 5), (3, 5, 1), (3, 4, 0), (1, 3, 4), (5, 5, 5))
    return _judged(probe, [_inputs(rng, *each, sure=0.2) for each in sizes])
