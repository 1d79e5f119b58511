"""S10: net bits of the bins that were popped, and their mean."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import log_expit, ndtri

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LN2, LOG_2PI, unpack
from autograder.units.unit_19.binned_rate import masses

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

NET, MEAN = 0, 1
TITLES = ("the net bits of the bins that were popped", "their mean over fair bits")


class Batch(NamedTuple):
    """Rows of bits, the bins that were popped for them, q, a decoder, and the number of bins of a latent.

    Attributes:
        x: ``(B, Dx)``.
        index: ``(B, D)``, whole numbers below ``bins``.
        loc, scale: of q, ``(B, D)``.
        weight, bias: of the logits of x, ``(Dx, D)`` and ``(Dx)``.
    """

    x: np.ndarray
    index: np.ndarray
    loc: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    bins: int


def edges_of(bins: int) -> np.ndarray:
    value: np.ndarray = ndtri(np.arange(bins + 1) / bins)
    return value


def log_likelihood(batch: Batch, z: np.ndarray) -> np.ndarray:
    """log p(x | z), of each row: ``z (*, B, D)``."""
    logits = z @ batch.weight.T + batch.bias
    value: np.ndarray = log_expit(np.where(batch.x > 0.5, logits, -logits)).sum(-1)
    return value


def log_q(batch: Batch, index: np.ndarray) -> np.ndarray:
    """The logarithm of q's mass, of each latent: ``index (*, B, D)``."""
    edges = edges_of(batch.bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (edges[:-1][index], edges[1:][index])
        return masses(0.0, 1.0, (low - batch.loc) / batch.scale, (high - batch.loc) / batch.scale)


def points(batch: Batch, index: np.ndarray) -> np.ndarray:
    value: np.ndarray = ndtri((index + 0.5) / batch.bins)
    return value


def ratio(batch: Batch, index: np.ndarray) -> np.ndarray:
    """Net bits of each row, for bins ``(*, B, D)``."""
    prior = -index.shape[-1] * np.log(batch.bins)
    value: np.ndarray = (
        log_q(batch, index).sum(-1) - prior - log_likelihood(batch, points(batch, index))
    ) / LN2
    return value


def every(batch: Batch) -> np.ndarray:
    """All vectors of bins, for each row: ``(n^D, B, D)``."""
    rows, latents = batch.loc.shape
    grid = np.array(list(itertools.product(range(batch.bins), repeat=latents)))
    return np.broadcast_to(grid[:, None, :], (len(grid), rows, latents))


def mean_over(batch: Batch, of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The mean of some bits over bins drawn from q."""
    index = every(batch)
    chance = np.exp(log_q(batch, index).sum(-1))
    with np.errstate(invalid="ignore"):
        value: np.ndarray = np.where(
            chance > 0, chance * np.where(chance > 0, of(index), 0.0), 0.0
        ).sum(0)
    return value


def right(batch: Batch) -> np.ndarray:
    """(net bits, mean), ``(2, B)``."""
    return np.stack(
        [ratio(batch, batch.index), mean_over(batch, lambda index: ratio(batch, index))]
    )


def _ways(batch: Batch) -> dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]]:
    """Net bits as usual mistakes count them, for bins ``(*, B, D)``."""
    latents, bins = batch.loc.shape[1], batch.bins

    def likelihood(index: np.ndarray) -> np.ndarray:
        return log_likelihood(batch, points(batch, index))

    def density(index: np.ndarray) -> np.ndarray:
        off = (points(batch, index) - batch.loc) / batch.scale
        value: np.ndarray = (-0.5 * off**2 - np.log(batch.scale) - 0.5 * LOG_2PI).sum(-1)
        return value

    def prior_density(index: np.ndarray) -> np.ndarray:
        value: np.ndarray = (-0.5 * points(batch, index) ** 2 - 0.5 * LOG_2PI).sum(-1)
        return value

    prior = -latents * np.log(bins)
    return {
        "no_bits_back": (
            "The bits that come back are missing: this is what is pushed.",
            lambda i: -(likelihood(i) + prior) / LN2,
        ),
        "bits_back_paid": (
            "What is popped is counted as a cost. It comes off the stack.",
            lambda i: -(likelihood(i) + prior + log_q(batch, i).sum(-1)) / LN2,
        ),
        "prior_forgotten": (
            "z is pushed, too, with its prior.",
            lambda i: (log_q(batch, i).sum(-1) - likelihood(i)) / LN2,
        ),
        "one_latent_pushed": (
            "Each latent is pushed with its prior, not only one of them.",
            lambda i: (log_q(batch, i).sum(-1) + np.log(bins) - likelihood(i)) / LN2,
        ),
        "density_of_q": (
            "q's density stands where its mass on the bin should: bits are of masses.",
            lambda i: (density(i) - prior - likelihood(i)) / LN2,
        ),
        "density_of_p": (
            "The prior's density stands where its mass on the bin should: bits are of masses.",
            lambda i: (log_q(batch, i).sum(-1) - prior_density(i) - likelihood(i)) / LN2,
        ),
        "densities": (
            "Densities of both stand where masses on bins should. The points stand for bins of equal mass, not of equal width.",
            lambda i: (density(i) - prior_density(i) - likelihood(i)) / LN2,
        ),
        "lower_edges": (
            "x is coded at the lower edges of the bins. Their medians stand for them.",
            lambda i: (
                (
                    log_q(batch, i).sum(-1)
                    - prior
                    - log_likelihood(batch, np.maximum(edges_of(bins)[i], -40.0))
                )
                / LN2
            ),
        ),
        "nats": ("These are nats; bits are asked.", lambda i: ratio(batch, i) * LN2),
    }


def _mistakes(batches: Sequence[Batch], which: int) -> list[Mistake]:
    def joined(of: Callable[[Batch], np.ndarray]) -> np.ndarray:
        return np.concatenate([of(batch) for batch in batches])

    found = []
    for key, (hint, _) in _ways(batches[0]).items():

        def value(batch: Batch, key: str = key) -> np.ndarray:
            way = _ways(batch)[key][1]
            return way(batch.index) if which == NET else mean_over(batch, way)

        found.append(Mistake(key, hint, joined(value)))
    if which == MEAN:
        found += [
            Mistake(
                "even_mean",
                "All bins count alike here. They are popped with q.",
                joined(lambda batch: ratio(batch, every(batch)).mean(0)),
            ),
            Mistake(
                "of_the_popped",
                "These are the net bits of the bins that were popped, not their mean.",
                joined(lambda batch: ratio(batch, batch.index)),
            ),
            Mistake(
                "at_the_mean",
                "This is taken at the bins in which q's means lie. All bins, each with its chance, are asked.",
                joined(lambda batch: ratio(batch, _nearest(batch))),
            ),
            Mistake(
                "evidence",
                "This is minus the logarithm of a mean of weights: the evidence of the model on the bins, which lies below.",
                joined(_evidence),
            ),
        ]
    else:
        found.append(
            Mistake(
                "mean_for_both",
                "This is the mean over all bins. Those that were popped are given.",
                joined(lambda batch: right(batch)[MEAN]),
            )
        )
    return found


def _nearest(batch: Batch) -> np.ndarray:
    inner = edges_of(batch.bins)[1:-1]
    value: np.ndarray = np.searchsorted(inner, batch.loc, side="right")
    return value


def _evidence(batch: Batch) -> np.ndarray:
    index = every(batch)
    log_w = log_likelihood(batch, points(batch, index)) - batch.loc.shape[1] * np.log(batch.bins)
    value: np.ndarray = -np.logaddexp.reduce(log_w, axis=0) / LN2
    return value


def _batch(
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
        lambda: _mistakes(batches, which),
        what=TITLES[which],
    )


def _usual(rng: np.random.Generator) -> list[Batch]:
    return [_batch(rng, 4, 6, 1, 16), _batch(rng, 3, 5, 2, 8), _batch(rng, 2, 3, 3, 4)]


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
        _batch(rng, 3, 4, 1, 32, scale=(0.004, 0.02)),
        _batch(rng, 3, 4, 1, 64, scale=(0.1, 0.3), reach=3.5),
        _batch(rng, 2, 4, 2, 8, scale=(2.0, 20.0)),
        _batch(rng, 3, 6, 1, 16, gain=20.0),
        _batch(rng, 1, 1, 1, 2),
        _batch(rng, 2, 3, 1, 3),
        _batch(rng, 2, 3, 2, 9),
    ]
    far = _batch(rng, 3, 4, 1, 8, scale=(0.3, 0.6))
    loc = rng.uniform(4.0, 7.0, far.loc.shape) * rng.choice([-1.0, 1.0], far.loc.shape)
    batches.append(far._replace(loc=loc, index=np.where(loc > 0, 7, 0)))
    for which in (NET, MEAN):
        finding = _judged(probe, batches, which)
        if not finding.ok:
            return finding
    return finding
