r"""CAVI: mean field for conjugate models, one factor at a time, each set to its best given the others.

.. math:: q(z) = \prod_i q_i(z_i), \qquad \log q_i(z_i) = \mathbb E_{q_{-i}} \log p(x, z) + \text{constant}

No step size and no sample: each update is a formula, and the ELBO can only rise.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.special import digamma

from course_vi import validate
from course_vi.distributions.conjugate import LOG_TWO_PI, NormalWishart, dirichlet_kl
from course_vi.models.base import Model
from course_vi.models.tractable.bayesian_gaussian_mixture import BayesianGaussianMixture
from course_vi.models.tractable.normal_gamma import NormalGamma

__all__ = ["CAVI", "MixtureFactors", "NormalFactors", "cavi", "mixture_elbo", "responsibilities"]


class NormalFactors(NamedTuple):
    r""":math:`q(\mu) = N(\text{loc}, 1/\text{precision})` and :math:`q(\tau) = \mathrm{Gamma}(\text{shape}, \text{rate})`, numbers all."""

    loc: Tensor
    precision: Tensor
    shape: Tensor
    rate: Tensor


class MixtureFactors(NamedTuple):
    r""":math:`q(\pi)`, a Dirichlet ``(C,)``; :math:`q(\mu_c, \Lambda_c)`, normal-Wisharts; :math:`q(z_n)`, responsibilities ``(N, C)``."""

    concentration: Tensor
    clusters: NormalWishart
    responsibilities: Tensor

    @property
    def weights(self) -> Tensor:
        r"""The mean of :math:`\pi`, ``(C,)``: nearly zero for a cluster that was pruned."""
        return self.concentration / self.concentration.sum()


class CAVI(NamedTuple):
    """The factors found, and the ELBO after each update, ``(2 * steps,)``; it never falls."""

    factors: Any
    elbo: Tensor


def cavi(
    p: Model,
    x: Tensor,
    steps: int = 100,
    tolerance: float = 0.0,
    start: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> CAVI:
    r"""Coordinate ascent variational inference.

    Args:
        p: ``NormalGamma`` (factors q(mu) and q(tau)) or ``BayesianGaussianMixture`` (labels, weights and clusters).
        x: the data, ``(N, Dx)``.
        steps: rounds, at most; in each, every factor is updated once.
        tolerance: stop when a round raises the ELBO by no more than this many nats for each datum.
        start: for the mixture, responsibilities ``(N, C)`` to begin with; without them, random ones. For the normal, a number:
            the first guess of :math:`\mathbb E \tau`, that of the prior without it.
        generator: draws the random start.

    Returns:
        ``CAVI(factors, elbo)``.

    Raises:
        TypeError: a model whose updates are no closed formulas here.
        ValueError: NaN in x, or shapes that do not fit.

    Source: Bishop, "Pattern Recognition and Machine Learning", 2006, sections 10.1.3 and 10.2.

    >>> found = cavi(NormalGamma(), torch.tensor([[0.5], [1.5], [1.0]]), steps=20)
    >>> found.factors.loc                                    # (0 + 0.5 + 1.5 + 1) / (1 + 3)
    tensor(0.7500)
    >>> bool((found.elbo.diff() > -1e-5).all() and found.elbo[-1] < NormalGamma().log_evidence(torch.tensor([[0.5], [1.5], [1.0]])))
    True
    """
    validate.positive_integer("steps", steps)
    validate.event_size("x", x, p.data_dim)
    validate.finite("x", x)
    p.same_place("x", x)
    trace: list[Tensor] = []
    with torch.no_grad():
        if isinstance(p, NormalGamma):
            rounds = _normal(p, x, start)
        elif isinstance(p, BayesianGaussianMixture):
            rounds = _mixture(p, x, start, generator)
        else:
            raise TypeError(
                f"p is a {type(p).__name__}; expected NormalGamma or BayesianGaussianMixture: CAVI needs closed updates"
            )
        for _ in range(steps):
            for _ in range(2):
                factors, value = next(rounds)
                trace.append(value)
            if len(trace) > 2 and float(trace[-1] - trace[-3]) <= tolerance * len(x):
                break
    return CAVI(factors, torch.stack(trace))


def _normal(p: NormalGamma, x: Tensor, start: Tensor | None) -> Any:
    r"""q(mu), then q(tau), for ever. With :math:`\bar\tau = \mathbb E\tau`:

    .. math:: q(\mu) = N\Big(\frac{\lambda m + \sum_n x_n}{\lambda + N}, \frac{1}{(\lambda + N)\bar\tau}\Big), \qquad
              q(\tau) = \mathrm{Gamma}\Big(a + \tfrac{N+1}{2},\; b + \tfrac12 \mathbb E_\mu\big[\textstyle\sum_n (x_n - \mu)^2
              + \lambda (\mu - m)^2\big]\Big)
    """
    loc, strength, shape, rate = (
        torch.as_tensor(value, dtype=x.dtype, device=x.device) for value in p.prior_parameters
    )
    mean = torch.as_tensor(p.posterior_parameters(x).loc)
    after = shape + 0.5 * (len(x) + 1)
    tau = shape / rate if start is None else torch.as_tensor(start).to(x)
    if tau.shape != () or not bool(tau > 0):
        raise ValueError(
            f"start is {start}; expected one positive number, the first guess of the precision"
        )
    q = NormalFactors(mean, (strength + len(x)) * tau, after, after / tau)
    while True:
        q = q._replace(precision=(strength + len(x)) * q.shape / q.rate)
        yield q, _normal_elbo(x, q, loc, strength, shape, rate)
        q = q._replace(rate=rate + 0.5 * _squares(x, q, loc, strength))
        yield q, _normal_elbo(x, q, loc, strength, shape, rate)


def _squares(x: Tensor, q: NormalFactors, loc: Tensor, strength: Tensor) -> Tensor:
    return (
        (x - q.loc).square().sum()
        + strength * (q.loc - loc).square()
        + (len(x) + strength) / q.precision
    )


def _normal_elbo(
    x: Tensor, q: NormalFactors, loc: Tensor, strength: Tensor, shape: Tensor, rate: Tensor
) -> Tensor:
    tau, log_tau = q.shape / q.rate, digamma(q.shape) - q.rate.log()
    joint = (
        0.5 * (len(x) + 1) * (log_tau - LOG_TWO_PI)
        + 0.5 * strength.log()
        - 0.5 * tau * _squares(x, q, loc, strength)
        + shape * rate.log()
        - torch.lgamma(shape)
        + (shape - 1) * log_tau
        - rate * tau
    )
    entropy = (
        0.5 * (1 + LOG_TWO_PI - q.precision.log())
        + q.shape
        - q.rate.log()
        + torch.lgamma(q.shape)
        + (1 - q.shape) * digamma(q.shape)
    )
    return joint + entropy


def responsibilities(concentration: Tensor, clusters: NormalWishart, x: Tensor) -> Tensor:
    r"""The best q(z), ``(N, C)``: softmax over clusters of :math:`\mathbb E\log\pi_c + \mathbb E\log N(x_n; \mu_c, \Lambda_c^{-1})`."""
    return _local_terms(concentration, clusters, x).softmax(-1)


def _local_terms(concentration: Tensor, clusters: NormalWishart, x: Tensor) -> Tensor:
    return digamma(concentration) - digamma(concentration.sum()) + clusters.expected_log_density(x)


def mixture_elbo(p: BayesianGaussianMixture, q: MixtureFactors, x: Tensor) -> Tensor:
    r"""The ELBO: :math:`\sum_{nc} r_{nc} \mathbb E \log p(x_n, z_n = c \mid \pi, \mu, \Lambda) + H(r)` minus KLs to the priors."""
    fit = (
        q.responsibilities * _local_terms(q.concentration, q.clusters, x)
    ).sum() + torch.special.entr(q.responsibilities).sum()
    return (
        fit
        - dirichlet_kl(q.concentration, p.weight_prior())
        - q.clusters.kl(p.cluster_prior()).sum()
    )


def first_responsibilities(
    p: BayesianGaussianMixture, x: Tensor, start: Tensor | None, generator: torch.Generator | None
) -> Tensor:
    """The caller's responsibilities, checked; or random ones: each datum near a random datum's cluster."""
    p.check(x)
    if start is None:
        centres = x[
            torch.randperm(len(x), generator=generator, device=x.device)[
                torch.arange(p.clusters, device=x.device) % len(x)
            ]
        ]
        distance = (x.unsqueeze(1) - centres).square().sum(-1)
        return (-distance / distance.mean().clamp_min(torch.finfo(x.dtype).tiny)).softmax(-1)
    if (
        start.shape != (len(x), p.clusters)
        or not bool((start >= 0).all())
        or not torch.allclose(start.sum(-1), start.new_ones(()))
    ):
        raise ValueError(
            f"start has shape {tuple(start.shape)}; expected responsibilities {(len(x), p.clusters)}, rows that sum to one"
        )
    return start.to(x)


def _mixture(
    p: BayesianGaussianMixture, x: Tensor, start: Tensor | None, generator: torch.Generator | None
) -> Any:
    """Weights and clusters (prior + weighted statistics), then labels, for ever."""
    r = first_responsibilities(p, x, start, generator)
    while True:
        q = MixtureFactors(p.weight_prior() + r.sum(0), p.cluster_prior().plus(r, x), r)
        yield q, mixture_elbo(p, q, x)
        r = responsibilities(q.concentration, q.clusters, x)
        q = q._replace(responsibilities=r)
        yield q, mixture_elbo(p, q, x)
