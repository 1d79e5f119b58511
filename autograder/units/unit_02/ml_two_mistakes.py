"""The hierarchical normal: its exact answers, and what usual mistakes give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.finding import Mistake
from autograder.units.shared import LOG_2PI

__all__ = ["MISTAKES", "Groups"]

GRADIENT = 1  # among the four results


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
