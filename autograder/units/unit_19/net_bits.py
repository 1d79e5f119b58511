"""S10: net bits of the bins that were popped, and their mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_19.binned_rows import MEAN, NET, Batch, edges_of, right
from autograder.units.unit_19.net_bits_mistakes import mistakes

EXERCISE = exercise(
    __name__,
    title="S10: net bits",
    function="net_bits",
    points=4,
    difficulty=4,
    importance=5,
    minutes=45,
    read="section 5, Latents on bins",
    hides=["coding.bits_back:BitsBack.log_weight", "coding.binned:binned_elbo"],
)

TITLES = ("the net bits of the bins that were popped", "their mean over fair bits")


def batch_of(
    rng: np.random.Generator,
    rows: int,
    pixels: int,
    latents: int,
    bins: int,
    scale: tuple[float, float] = (0.2, 1.2),
    gain: float = 1.0,
    reach: float = 1.5,
) -> Batch:
    loc, scales = rng.uniform(-reach, reach, (rows, latents)), rng.uniform(*scale, (rows, latents))
    weight, bias = gain * rng.normal(size=(pixels, latents)), 0.5 * rng.normal(size=pixels)
    x = (rng.random((rows, pixels)) < 0.5).astype(float)
    z = loc + scales * rng.normal(size=loc.shape)
    index = np.searchsorted(edges_of(bins)[1:-1], z, side="right")
    return Batch(x, index.astype(np.int64), loc, scales, weight, bias, bins)


def _judged(probe: Probe, batches: Sequence[Batch], which: int) -> Finding:
    found = []
    for batch in batches:
        got = unpack(probe.value(*batch), 2, "net, mean")[which]
        want = right(batch)[which]
        if getattr(got, "shape", None) != want.shape:
            return compare(got, want, what=TITLES[which])
        found.append(got)
    return compare(
        np.concatenate(found),
        np.concatenate([right(batch)[which] for batch in batches]),
        lambda: mistakes(batches, which),
        what=TITLES[which],
    )


def _usual(rng: np.random.Generator) -> list[Batch]:
    return [batch_of(rng, 4, 6, 1, 16), batch_of(rng, 3, 5, 2, 8), batch_of(rng, 2, 3, 3, 4)]


@EXERCISE.part("Net bits of the bins that were popped", weight=1.5)
def popped(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), NET)


@EXERCISE.part("Their mean over fair bits", weight=1.5)
def mean(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), MEAN)


@EXERCISE.part(
    "q narrower than a bin, wider than the prior, far out; sure pixels; one row, one pixel, two bins",
    weight=0.75,
    needs=["popped", "mean"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    batches = [
        batch_of(rng, 3, 4, 1, 32, scale=(0.004, 0.02)),
        batch_of(rng, 3, 4, 1, 64, scale=(0.1, 0.3), reach=3.5),
        batch_of(rng, 2, 4, 2, 8, scale=(2.0, 20.0)),
        batch_of(rng, 3, 6, 1, 16, gain=20.0),
        batch_of(rng, 1, 1, 1, 2),
        batch_of(rng, 2, 3, 1, 3),
        batch_of(rng, 2, 3, 2, 9),
    ]
    far = batch_of(rng, 3, 4, 1, 8, scale=(0.3, 0.6))
    loc = rng.uniform(4.0, 7.0, far.loc.shape) * rng.choice([-1.0, 1.0], far.loc.shape)
    batches.append(far._replace(loc=loc, popped=np.where(loc > 0, 7, 0)))
    for which in (NET, MEAN):
        finding = _judged(probe, batches, which)
        if not finding.ok:
            return finding
    return finding
