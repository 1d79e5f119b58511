"""What usual mistakes take for the net bits of a row, or for their mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from autograder.checks.finding import Mistake
from autograder.units.shared import LN2, LOG_2PI
from autograder.units.unit_19.binned_rows import (
    MEAN,
    NET,
    Batch,
    edges_of,
    every,
    log_likelihood,
    log_q,
    mean_over,
    points,
    ratio,
    right,
)

__all__ = ["mistakes"]


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


def mistakes(batches: Sequence[Batch], which: int) -> list[Mistake]:
    def joined(of: Callable[[Batch], np.ndarray]) -> np.ndarray:
        return np.concatenate([of(batch) for batch in batches])

    found = []
    for key, (hint, _) in _ways(batches[0]).items():

        def value(batch: Batch, key: str = key) -> np.ndarray:
            way = _ways(batch)[key][1]
            return way(batch.popped) if which == NET else mean_over(batch, way)

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
                joined(lambda batch: ratio(batch, batch.popped)),
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
