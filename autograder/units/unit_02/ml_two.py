"""ML-II of the hierarchical normal, and its boundary."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, unpack

EXERCISE = exercise(
    __name__,
    title="ML-II, and its boundary",
    function="ml_two",
    points=3,
    difficulty=4,
    importance=5,
    minutes=40,
    read="section 8, At the edge",
    hides=[
        "models.tractable.linear_mixed_model:LinearMixedModel.log_evidence",
        "models.tractable.mixed_profile:profile",
    ],
)

NAMES = "value, gradient, best, posterior_means"
VALUE, GRADIENT, BEST, MEANS = range(4)
WHAT = (
    "the log evidence",
    "its gradient in mu and log tau",
    "the best mu and tau^2",
    "the posterior means at the best mu and tau^2",
)
RTOL = (1e-9, 1e-9, 1e-5, 1e-5)  # whoever searches for the best has five digits


class Groups(NamedTuple):
    """y ``(*B, J)``, the noise sigma, and a place mu, log tau ``(*B)``."""

    y: np.ndarray
    sigma: float
    mu: np.ndarray
    log_tau: np.ndarray

    @property
    def spread(self) -> np.ndarray:
        """The mean squared distance from the mean, ``(*B)``."""
        value: np.ndarray = self.y.var(-1)
        return value

    def evidence(self, variance: np.ndarray) -> np.ndarray:
        """log N(y; mu, variance I)."""
        square = ((self.y - self.mu[..., None]) ** 2).sum(-1)
        value: np.ndarray = -0.5 * (
            square / variance + self.y.shape[-1] * (np.log(variance) + LOG_2PI)
        )
        return value

    def slopes(self) -> np.ndarray:
        """The gradient in mu and tau^2, ``(*B, 2)``."""
        variance, apart = self.variance, self.y - self.mu[..., None]
        in_variance = 0.5 * ((apart**2).sum(-1) / variance - self.y.shape[-1]) / variance
        return np.stack([apart.sum(-1) / variance, in_variance], -1)

    @property
    def variance(self) -> np.ndarray:
        """Of one y: tau^2 + sigma^2."""
        value: np.ndarray = np.exp(2 * self.log_tau) + self.sigma**2
        return value

    def best(self, tau2: np.ndarray) -> np.ndarray:
        return np.stack([self.y.mean(-1), tau2], -1)

    def means(self, tau2: np.ndarray) -> np.ndarray:
        """E[theta_j | y] at mu = the mean of y."""
        keep, centre = (tau2 / (tau2 + self.sigma**2))[..., None], self.y.mean(-1, keepdims=True)
        value: np.ndarray = centre + keep * (self.y - centre)
        return value

    def exact(self) -> list[np.ndarray]:
        tau2 = np.maximum(self.spread - self.sigma**2, 0.0)
        slopes = self.slopes() * np.stack([np.ones_like(self.mu), 2 * np.exp(2 * self.log_tau)], -1)
        return [self.evidence(self.variance), slopes, self.best(tau2), self.means(tau2)]


def _value_mistakes(at: Groups) -> list[Mistake]:
    tau2, s2, size = np.exp(2 * at.log_tau), at.sigma**2, at.y.shape[-1]
    return [
        Mistake(
            "sigma_lost",
            "The variance of one y is tau^2 alone here. Its own noise comes on top.",
            at.evidence(tau2),
        ),
        Mistake(
            "tau_lost",
            "The variance of one y is sigma^2 alone here: that is the likelihood at theta_j = mu. Integrate over theta_j.",
            at.evidence(s2 + 0 * tau2),
        ),
        Mistake(
            "scales_added",
            "The scales are added. It is the variances of independent parts that add up.",
            at.evidence((np.sqrt(tau2) + at.sigma) ** 2),
        ),
        Mistake(
            "variance_for_scale",
            "sigma is taken for a variance. It is a scale.",
            at.evidence(tau2 + at.sigma),
        ),
        Mistake(
            "variance_for_scale",
            "exp(log_tau) is taken for a variance. It is a scale.",
            at.evidence(np.sqrt(tau2) + s2),
        ),
        Mistake(
            "mean_over_groups",
            "This is the mean over the groups. The log evidence of independent groups is a sum.",
            at.evidence(at.variance) / size,
        ),
    ]


def _gradient_mistakes(at: Groups) -> list[Mistake]:
    right, plain = at.exact()[GRADIENT], at.slopes()
    tau = np.exp(at.log_tau)

    def with_second(second: np.ndarray) -> np.ndarray:
        return np.stack([right[..., 0], second], -1)

    return [
        Mistake(
            "slope_in_variance",
            "The second column is the slope in tau^2. Asked is that in log tau: the chain rule puts a factor between them.",
            plain,
        ),
        Mistake(
            "slope_in_tau",
            "The second column is the slope in tau. Asked is that in log tau.",
            with_second(plain[..., 1] * 2 * tau),
        ),
        Mistake(
            "slope_in_log_variance",
            "The second column is the slope in log tau^2, which is half of that in log tau.",
            with_second(right[..., 1] / 2),
        ),
        Mistake("columns_swapped", "The columns are exchanged: mu comes first.", right[..., ::-1]),
        Mistake(
            "determinant_lost",
            "The second column comes from the squares alone; the logarithm of the variance depends on tau, too.",
            with_second(right[..., 1] + at.y.shape[-1] * tau**2 / at.variance),
        ),
    ]


def _best_mistakes(at: Groups) -> list[Mistake]:
    size, excess = at.y.shape[-1], at.spread - at.sigma**2
    unbiased = at.spread * size / (size - 1)
    from_mu = ((at.y - at.mu[..., None]) ** 2).mean(-1) - at.sigma**2
    tau2 = np.maximum(excess, 0.0)
    return [
        Mistake(
            "negative_variance",
            "tau^2 is negative here. A variance is not: where the groups differ less than their noise, the best is at the boundary.",
            at.best(excess),
        ),
        Mistake(
            "unbiased",
            "The squared distances are divided by J - 1. That makes an unbiased estimate; the evidence is largest elsewhere.",
            at.best(np.maximum(unbiased - at.sigma**2, 0.0)),
        ),
        Mistake(
            "noise_left",
            "This is the variance of the y. The part that is noise is to be taken off.",
            at.best(at.spread),
        ),
        Mistake("scale_for_variance", "This is tau; tau^2 is asked.", at.best(np.sqrt(tau2))),
        Mistake(
            "around_mu",
            "The squared distances are taken from the mu that was given. The best mu goes with the best tau^2.",
            at.best(np.maximum(from_mu, 0.0)),
        ),
        Mistake(
            "variance_for_scale",
            "sigma is taken for a variance.",
            at.best(np.maximum(at.spread - at.sigma, 0.0)),
        ),
        Mistake(
            "absolute",
            "The absolute value was taken where zero is the best.",
            at.best(np.abs(excess)),
        ),
    ]


def _means_mistakes(at: Groups) -> list[Mistake]:
    tau2, s2 = np.maximum(at.spread - at.sigma**2, 0.0), at.sigma**2
    given, centre = np.exp(2 * at.log_tau), at.y.mean(-1, keepdims=True)
    keep = (given / (given + s2))[..., None]
    share = (tau2 / (tau2 + s2))[..., None]
    return [
        Mistake(
            "at_given_place",
            "These are the posterior means at the mu and tau that were given, not at the best.",
            at.mu[..., None] + keep * (at.y - at.mu[..., None]),
        ),
        Mistake(
            "shares_swapped",
            "The two weights are exchanged: what is kept of y falls as its noise grows.",
            centre + (1 - share) * (at.y - centre),
        ),
        Mistake("towards_zero", "These are shrunk towards zero. Shrink towards mu.", share * at.y),
        Mistake("not_shrunk", "These are the y themselves, unshrunk.", at.y),
        Mistake("all_pooled", "These are all equal to mu, for every tau^2.", centre + 0 * at.y),
        Mistake(
            "scales_for_variances",
            "The share of y is tau / (tau + sigma) here. Variances are compared, not scales.",
            centre + (np.sqrt(tau2) / (np.sqrt(tau2) + at.sigma))[..., None] * (at.y - centre),
        ),
        Mistake(
            "negative_variance",
            "Where the groups differ less than their noise these lie beyond mu: tau^2 was let below zero.",
            at.means(at.spread - s2),
        ),
    ]


MISTAKES = (_value_mistakes, _gradient_mistakes, _best_mistakes, _means_mistakes)


def _inputs(rng: np.random.Generator, batch: tuple[int, ...], groups: int, sigma: float) -> Groups:
    """Data whose spread is below the noise, hardly above it, and far above; around levels far from zero."""
    size = max(int(np.prod(batch)), 1)
    ratio = rng.permutation(np.resize([0.6, 1.2, 9.0, 0.97, 1.02, 300.0], size)) * rng.uniform(
        0.99, 1.01, size
    )
    shape = rng.normal(size=(*batch, groups))
    shape = (shape - shape.mean(-1, keepdims=True)) / shape.std(-1, keepdims=True)
    level = sigma * rng.uniform(2.0, 8.0, batch) * rng.choice([-1, 1], batch)
    spread = sigma * np.sqrt(ratio).reshape(batch)
    y = level[..., None] + spread[..., None] * shape
    mu = level + sigma * rng.uniform(0.3, 1.5, batch) * rng.choice([-1, 1], batch)
    log_tau = np.log(sigma) + rng.permutation(np.linspace(-2.5, 2.0, size)).reshape(batch)
    return Groups(y, sigma, np.asarray(mu), np.asarray(log_tau + rng.uniform(-0.3, 0.3)))


def _judged(probe: Probe, rng: np.random.Generator, which: int) -> Finding:
    finding = Finding(True)
    for batch, groups, sigma in (
        ((6,), 5, rng.uniform(1.5, 3.0)),
        ((2, 3), 2, rng.uniform(0.2, 0.6)),
        ((6,), 6, rng.choice([0.01, 40.0])),
    ):
        at = _inputs(rng, batch, groups, float(sigma))
        finding = _one(probe, at, which)
        if not finding.ok:
            return finding
    return finding


def _one(probe: Probe, at: Groups, *which: int) -> Finding:
    came, finding = unpack(probe.value(at.y, at.sigma, at.mu, at.log_tau), 4, NAMES), Finding(True)
    unit = {BEST: at.sigma**2, MEANS: at.sigma}  # what is small is small beside this
    for one in which:
        atol = min(1e-7, 1e-7 * unit[one]) if one in unit else None
        want, mistakes = at.exact()[one], MISTAKES[one](at)
        if finding.ok:
            finding = compare(came[one], want, mistakes, rtol=RTOL[one], atol=atol, what=WHAT[one])
    return finding


@EXERCISE.part("The log evidence at a given mu and tau")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, VALUE)


@EXERCISE.part("Its gradient in mu and log tau")
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, GRADIENT)


@EXERCISE.part("The best mu and tau^2, at the boundary and off it", weight=1.5)
def best(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, BEST)


@EXERCISE.part("The posterior means there")
def posterior_means(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, MEANS)


@EXERCISE.part("One data set, with and without a batch axis", weight=0.5)
def one_data_set(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, groups in (((), 4), ((1,), 3), ((), 2)):
        at = _inputs(rng, batch, groups, float(rng.uniform(0.5, 2.0)))
        if not batch:  # off the boundary
            at = at._replace(y=at.y.mean() + (at.y - at.y.mean()) / at.y.std() * 2 * at.sigma)
        finding = _one(probe, at, *range(4)) if finding.ok else finding
    return finding
