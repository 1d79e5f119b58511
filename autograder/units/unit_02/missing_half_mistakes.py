"""A mixture of Bernoullis seen in part: its exact answers, and what usual mistakes give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.finding import Mistake
from autograder.units.shared import LN2

__all__ = ["MISTAKES", "Half"]


class Half(NamedTuple):
    """A mixture, log_weights ``(C)`` and probabilities ``(C, D)``; a picture ``(D)``, and which of its pixels are seen, ``(D)``."""

    log_weights: np.ndarray
    probabilities: np.ndarray
    x: np.ndarray
    seen: np.ndarray

    @property
    def log_joint(self) -> np.ndarray:
        """log p(z = c, x_seen), ``(C)``."""
        return self.log_weights + self.log_likelihood[:, self.seen].sum(-1)

    @property
    def log_likelihood(self) -> np.ndarray:
        """Pixel by pixel, ``(C, D)``."""
        p = self.probabilities
        value: np.ndarray = np.where(self.x > 0.5, np.log(p), np.log1p(-p))
        return value

    def shares(self) -> np.ndarray:
        """p(z = c | x_seen)."""
        return _softmax(self.log_joint)

    def missing(self) -> np.ndarray:
        """Probabilities of the pixels that are not seen, ``(C, M)``."""
        return self.probabilities[:, ~self.seen]

    def bits(self, q: np.ndarray, shares: np.ndarray | None = None) -> float:
        """log2 of E w^2 / p(x_seen)^2 for independent pixels with probabilities q ``(M)``: a sum over pairs of components."""
        r, p = self.shares() if shares is None else shares, self.missing()
        both = p[:, None] * p[None] / q + (1 - p[:, None]) * (1 - p[None]) / (1 - q)  # (C, C, M)
        with np.errstate(divide="ignore"):
            pairs = np.log(r)[:, None] + np.log(r) + np.log(both).sum(-1)
        return float(_log_sum(pairs) / LN2)

    def exact(self) -> np.ndarray:
        r, p = self.shares(), self.missing()
        half = np.full(p.shape[1], 0.5)
        return np.array([_log_sum(self.log_joint), self.bits(half), self.bits(r @ p)])


def _log_sum(a: np.ndarray) -> float:
    top = a.max()
    return float(top + np.log(np.exp(a - top).sum()))


def _softmax(a: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.exp(a - _log_sum(a))
    return value


def _evidence_mistakes(at: Half) -> list[Mistake]:
    log_p, prior = at.log_likelihood, np.exp(at.log_weights)
    mean = prior @ at.probabilities
    product = np.where(at.x > 0.5, np.log(mean), np.log1p(-mean))[at.seen].sum()
    return [
        Mistake(
            "all_pixels",
            "All pixels are counted as seen. Those that are not are summed over, and a factor that adds up to one leaves nothing.",
            _log_sum(at.log_weights + log_p.sum(-1)),
        ),
        Mistake(
            "weights_lost",
            "The components are averaged or added without their weights.",
            _log_sum(log_p[:, at.seen].sum(-1)),
        ),
        Mistake(
            "independent_pixels",
            "The pixels are taken for independent. They are so within a component; mix the products, not the factors.",
            product,
        ),
        Mistake(
            "largest_component",
            "Only the most likely component is counted.",
            at.log_joint.max(),
        ),
        Mistake(
            "mean_of_logs",
            "The logarithms are averaged over the components. It is the probabilities that mix.",
            prior @ log_p[:, at.seen].sum(-1),
        ),
        Mistake("in_bits", "This is in bits. Nats are asked here.", _log_sum(at.log_joint) / LN2),
    ]


def _uniform_mistakes(at: Half) -> list[Mistake]:
    right, count = at.exact()[1], int((~at.seen).sum())
    half = np.full(count, 0.5)
    return [
        Mistake("in_nats", "This is in nats. Bits are asked: divide by log 2.", right * LN2),
        Mistake(
            "all_completions",
            "This is the number of pixels that are missing. Most of the completions are not plausible, and need not be found.",
            float(count),
        ),
        Mistake(
            "prior_shares",
            "The components are weighted as before anything was seen. Weight them by p(z | x_seen).",
            at.bits(half, np.exp(at.log_weights)),
        ),
        Mistake(
            "one_sum",
            "Each component is paired with itself alone. The square of a sum over components has all pairs.",
            _diagonal(at, half),
        ),
        Mistake(
            "no_proposal",
            "This is log2 of the sum of p(x_missing | x_seen)^2. The proposal's probability, one in 2^M, divides each term.",
            right - count,
        ),
        Mistake(
            "not_relative",
            "This is log2 of E w^2. Divide by p(x_seen)^2.",
            right + 2 * _log_sum(at.log_joint) / LN2,
        ),
        Mistake("mixed_before", _MIXED, _mixed_before(at, half)),
        Mistake(
            "variance",
            "This is Var(w), relative. The mean of the square has one more.",
            _less_one(right),
        ),
    ]


_MIXED = (
    "The components are mixed pixel by pixel, as if given what is seen the missing pixels were independent. They hang together "
    "through z: mix the products."
)


def _mixed_before(at: Half, q: np.ndarray) -> float:
    """What comes if the posterior itself were a product of its marginals."""
    m = at.shares() @ at.missing()
    return float(np.log2(m**2 / q + (1 - m) ** 2 / (1 - q)).sum())


def _diagonal(at: Half, q: np.ndarray) -> float:
    r, p = at.shares(), at.missing()
    with np.errstate(divide="ignore"):
        return _log_sum(np.log(r) + np.log(p**2 / q + (1 - p) ** 2 / (1 - q)).sum(-1)) / LN2


def _less_one(bits: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.log2(np.expm1(bits * LN2)))


def _product_mistakes(at: Half) -> list[Mistake]:
    right, prior, p = at.exact()[2], np.exp(at.log_weights), at.missing()
    q = at.shares() @ p
    return [
        Mistake("in_nats", "This is in nats. Bits are asked: divide by log 2.", right * LN2),
        Mistake(
            "prior_marginals",
            "The proposal has the marginals before anything was seen. Those given x_seen are asked.",
            at.bits(prior @ p),
        ),
        Mistake(
            "prior_shares",
            "The components are weighted as before anything was seen. Weight them by p(z | x_seen).",
            at.bits(prior @ p, prior),
        ),
        Mistake(
            "one_sum",
            "Each component is paired with itself alone. The square of a sum over components has all pairs.",
            _diagonal(at, q),
        ),
        Mistake(
            "not_relative",
            "This is log2 of E w^2. Divide by p(x_seen)^2.",
            right + 2 * _log_sum(at.log_joint) / LN2,
        ),
        Mistake(
            "nothing_lost",
            "This says that it costs nothing. The marginals are right, but the pixels are not independent: they hang together "
            "through z.",
            0.0,
        ),
        Mistake(
            "variance",
            "This is Var(w), relative. The mean of the square has one more.",
            _less_one(right),
        ),
    ]


MISTAKES = (_evidence_mistakes, _uniform_mistakes, _product_mistakes)
