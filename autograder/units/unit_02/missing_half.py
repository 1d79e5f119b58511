"""The missing half: what a proposal of independent pixels costs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LN2, as_array
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
    came = [probe.value(*at) for at in places]
    for each, at in zip(came, places, strict=True):
        if as_array(each).shape != (3,):
            return compare(each, at.exact(), what="the three numbers")
    finding, right = Finding(True), np.stack([at.exact() for at in places], 1)
    mine = np.stack([as_array(each) for each in came], 1)
    for row in rows:
        mistakes = [
            Mistake(same[0].key, same[0].says, np.array([one.value for one in same]))
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
