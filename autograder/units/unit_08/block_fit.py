"""The best Gaussian of independent blocks, and its gap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_08.reference import (
    Blocks,
    block_gap,
    blocked,
    log_det,
    random_precision,
)

EXERCISE = exercise(
    __name__,
    title="Blocks: what they lose",
    function="block_fit",
    points=3,
    difficulty=3,
    importance=5,
    minutes=30,
    read="section 2, Gaussians: what correlation costs",
    hides=[],
    because="no function of course_vi fits a Gaussian by formula, or knows its gap",
)

NAMES = "covariance, gap"


class Place(NamedTuple):
    precision: np.ndarray
    blocks: Blocks

    def sent(self) -> tuple[np.ndarray, list[list[int]]]:
        return self.precision, [list(block) for block in self.blocks]

    @property
    def single(self) -> Blocks:
        return [[i] for i in range(len(self.precision))]


def random_blocks(rng: np.random.Generator, sizes: tuple[int, ...]) -> Blocks:
    """Blocks of these sizes, of indices that lie anywhere, in any order."""
    drawn = [int(i) for i in rng.permutation(sum(sizes))]
    cuts = np.cumsum((0, *sizes))
    return [drawn[a:b] for a, b in zip(cuts[:-1], cuts[1:], strict=True)]


def _place(
    rng: np.random.Generator, sizes: tuple[int, ...], extra: int = 2, widest: float = 2.0
) -> Place:
    return Place(random_precision(rng, sum(sizes), extra, widest), random_blocks(rng, sizes))


def _places(rng: np.random.Generator) -> list[Place]:
    """Two to seven latents, blocks of one to four, weak and strong couplings, latents on scales from .05 to 20."""
    return [
        _place(rng, (2, 1)),
        _place(rng, (2, 2), extra=30),
        _place(rng, (1, 3, 1), extra=0),
        _place(rng, (3, 2), widest=3.0),
        _place(rng, (4, 1, 2), extra=1),
        _place(rng, (1, 1)),
    ]


@EXERCISE.part("The covariance of the best q")
def fitted_covariance(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for place in _places(rng):
        precision, blocks = place
        covariance = np.linalg.inv(precision)
        finding = compare(
            unpack(probe.value(*place.sent()), 2, NAMES)[0],
            np.linalg.inv(blocked(precision, blocks)),
            what=f"the covariance for blocks {blocks}",
            atol=1e-10,
            mistakes=[
                Mistake(
                    "marginals",
                    "These are the blocks of the posterior's covariance: right marginals, which minimize the other KL. The ELBO asks "
                    "for KL(q || p).",
                    blocked(covariance, blocks),
                ),
                Mistake(
                    "blocks_ignored",
                    "This is mean field: every latent by itself. Inside a block latents may depend on each other.",
                    np.diag(1 / np.diag(precision)),
                ),
                Mistake(
                    "precision_returned",
                    "This is the precision of q. The covariance is asked.",
                    blocked(precision, blocks),
                ),
                Mistake(
                    "not_blocked",
                    "This is the posterior's covariance. q has zeros between its blocks.",
                    covariance,
                ),
                Mistake(
                    "blocks_in_order",
                    "The blocks were taken as runs of neighbours. They are lists of indices, in any order.",
                    np.linalg.inv(blocked(precision, _runs(blocks))),
                ),
                Mistake(
                    "diagonal_marginals",
                    "These are the posterior's variances, and blocks are ignored.",
                    np.diag(np.diag(covariance)),
                ),
            ],
        )
        if not finding.ok:
            return finding
    return finding


def _runs(blocks: Blocks) -> Blocks:
    """Blocks of the same sizes, of consecutive indices."""
    cuts = np.cumsum([0, *map(len, blocks)])
    return [list(range(a, b)) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]


def _gap_mistakes(places: list[Place]) -> list[Mistake]:
    def each(of: object) -> np.ndarray:
        return np.array([of(*place) for place in places])  # type: ignore[operator]

    want = each(block_gap)

    def other(precision: np.ndarray, blocks: Blocks) -> float:
        return block_gap(np.linalg.inv(precision), blocks)

    def marginals(precision: np.ndarray, blocks: Blocks) -> float:
        inside = blocked(np.linalg.inv(precision), blocks)
        trace = float(np.trace(precision @ inside))
        return 0.5 * (trace - len(precision) - log_det(precision) - log_det(inside))

    return [
        Mistake(
            "other_kl",
            "This is KL(p || q), with the marginals for q. The ELBO's gap is KL(q || p).",
            each(other),
        ),
        Mistake(
            "gap_of_marginals",
            "This is KL(q || p) of the q with the posterior's own blocks of covariance, which is not the best q.",
            each(marginals),
        ),
        Mistake(
            "half_lost", "The half is lost: a density holds the root of a determinant.", 2 * want
        ),
        Mistake("negative", "A gap is log p(x) minus the ELBO: never negative.", -want),
        Mistake("bits", "These are bits. Nats are asked.", want / np.log(2)),
        Mistake(
            "blocks_ignored",
            "This is the gap of mean field: every latent by itself.",
            each(lambda p, b: block_gap(p, [[i] for i in range(len(p))])),
        ),
        Mistake(
            "not_scaled",
            "The determinant of the blocks is missing: this is right only if the blocks have determinant one.",
            each(lambda p, b: -0.5 * log_det(p)),
        ),
        Mistake(
            "covariance_for_precision",
            "The sign of one log-determinant is that of a covariance.",
            each(lambda p, b: 0.5 * (log_det(blocked(p, b)) + log_det(p))),
        ),
        Mistake(
            "blocks_in_order",
            "The blocks were taken as runs of neighbours. They are lists of indices, in any order.",
            each(lambda p, b: block_gap(p, _runs(b))),
        ),
    ]


@EXERCISE.part("Its gap, in nats")
def gap(probe: Probe, rng: np.random.Generator) -> Finding:
    places = _places(rng)
    actual = [unpack(probe.value(*place.sent()), 2, NAMES)[1] for place in places]
    want = [block_gap(*place) for place in places]
    return compare(actual, want, _gap_mistakes(places), what="the gap at six places")


@EXERCISE.part(
    "One block, one latent, and blocks that are independent",
    weight=0.5,
    needs=["fitted_covariance", "gap"],
)
def nothing_lost(probe: Probe, rng: np.random.Generator) -> Finding:
    loose = _place(rng, (2, 1, 2))
    places = [
        _place(rng, (4,)),
        _place(rng, (1,)),
        Place(blocked(loose.precision, loose.blocks), loose.blocks),
    ]
    finding = Finding(True)
    for place in places:
        covariance, lost = unpack(probe.value(*place.sent()), 2, NAMES)
        want = np.linalg.inv(place.precision)
        finding = compare(covariance, want, what="the covariance", atol=1e-10)
        if finding.ok:
            finding = compare(lost, 0.0, what="the gap", atol=1e-8)
        if not finding.ok:
            return finding
    return finding
