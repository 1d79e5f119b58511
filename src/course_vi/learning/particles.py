r"""Particle filters: importance sampling of a whole series, one step at a time, with the hopeless samples replaced on the way.

.. math:: \hat Z_t = \sum_i W_{t-1}^i\, \alpha_t^i, \qquad
          \alpha_t^i = \frac{p(z_t^i \mid z_{t-1}^i)\, p(x_t \mid z_t^i)}{q(z_t^i \mid z_{t-1}^i, x)}, \qquad
          \hat p(x) = \prod_t \hat Z_t

with :math:`W_t \propto W_{t-1} \alpha_t`, reset to 1/N whenever particles are resampled. :math:`\mathbb E\, \hat p(x) = p(x)` exactly, for
any number of particles; hence :math:`\mathbb E \log \hat p(x) \le \log p(x)`: the filter is a bound of its own (FIVO).
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol, cast

import torch
from torch import Tensor
from torch.distributions import Distribution

from course_vi import validate
from course_vi.distributions import Density, DiscreteChain, Drawn, Seeded, draw, stream
from course_vi.models.base import Model
from course_vi.models.dynamics import Dynamics, dynamics

__all__ = ["ParticleFilter", "Proposal", "particle_filter", "resample"]


class ParticleFilter(NamedTuple):
    """What the filter found.

    Attributes:
        log_evidence: the sum of ``log_terms``, ``(*B)``; with a graph, if parameters ask for one.
        log_terms: log Z_t, ``(*B, T)``: estimates of log p(x_t | x_1, ..., x_{t-1}).
        mean, variance: of p(z_t | x_1, ..., x_t), by the weighted particles, ``(*B, T, d)``.
        effective: the effective sample size 1 / sum_i W_i^2 after each weighting, ``(*B, T)``.
        particles, log_weights: ``(T, N, *B, d)`` and normalized, ``(T, N, *B)``.
    """

    log_evidence: Tensor
    log_terms: Tensor
    mean: Tensor
    variance: Tensor
    effective: Tensor
    particles: Tensor
    log_weights: Tensor


class Proposal(Protocol):
    """q(z_t | z_{t-1}, x): a function or a module."""

    def __call__(self, t: int, previous: Tensor | None, x: Tensor, /) -> Density:
        """For ``t`` from 0, previous ``(N, *B, d)`` or None at t = 0, and the whole series ``(*B, T, p)``."""


def resample(
    log_weights: Tensor, scheme: str = "systematic", generator: torch.Generator | None = None
) -> Tensor:
    r"""Ancestors ``(N, *B)`` with :math:`\mathbb E\,\#\{i : a_i = j\} = N W_j` for normalized ``log_weights: (N, *B)``.

    ``"multinomial"`` draws N times independently; ``"systematic"`` puts a comb of N teeth at a common random place on the cumulated
    weights, so that the number of children of j is :math:`N W_j` rounded up or down: the same mean, less noise.

    >>> resample(torch.tensor([0.5, 0.25, 0.25, 0.0]).log(), generator=torch.Generator().manual_seed(0))
    tensor([0, 0, 1, 2])
    """
    validate.one_of("scheme", scheme, ("multinomial", "systematic"))
    with torch.no_grad():
        count = log_weights.shape[0]
        weights = log_weights.exp().movedim(0, -1)
        flat = weights.reshape(-1, count)
        if scheme == "multinomial":
            index = (
                torch.multinomial(flat, count, replacement=True, generator=generator)
                if len(flat)
                else flat.long()
            )
        else:
            shift = torch.rand(
                len(flat), 1, generator=generator, dtype=flat.dtype, device=flat.device
            )
            comb = (torch.arange(count, dtype=flat.dtype, device=flat.device) + shift) / count
            edges = flat.cumsum(-1)
            index = torch.searchsorted(edges / edges[:, -1:], comb, right=True).clamp_max(count - 1)
        return index.reshape(weights.shape).movedim(-1, 0)


def particle_filter(
    p: Model | Dynamics,
    x: Tensor,
    num_particles: int = 100,
    proposal: Proposal | None = None,
    resample_below: float = 0.5,
    scheme: str = "systematic",
    generator: torch.Generator | None = None,
) -> ParticleFilter:
    r"""Filter a series, or a batch of them.

    Args:
        p: ``LinearGaussianSSM``, ``HiddenMarkovModel``, ``GaussianHMM``, ``DeepMarkovModel``, or any ``models.dynamics.Dynamics``.
        x: ``(*B, T p)``, step after step.
        num_particles: N.
        proposal: :math:`q(z_t \mid z_{t-1}, x)`: a function or module ``(t, previous, x) -> distribution``, where t counts from 0,
            previous is ``(N, *B, d)`` or None at t = 0, and x is the whole series, ``(*B, T, p)``. Without it, the model's own dynamics
            (the *bootstrap* filter).
        resample_below: resample a series where its effective sample size is at most this share of N: 1 at every step, 0 never (which is
            importance sampling of the whole series).
        scheme: ``"systematic"`` or ``"multinomial"``.
        generator: of all the randomness.

    Returns:
        ``ParticleFilter``. The exponential of ``log_evidence`` is unbiased for p(x) for every N, proposal and scheme; ``log_evidence``
        itself is biased downwards, as is every bound. Means and variances are ratios, with a bias of order 1/N.

    **As a bound** (FIVO): backward through ``log_evidence`` climbs :math:`\mathbb E \log \hat p(x)` in the parameters of p and of the
    proposal, if the draws are reparametrized (Gaussian). What is dropped is the score of the *choice of ancestors*, as is customary,
    for its variance: the gradient is unbiased only where nothing was resampled. A discrete latent has no path at all: then the proposal
    gets no gradient through its draws, and that of the transition is not to be trusted.

    Raises:
        TypeError: a model without dynamics.
        ValueError: NaN in x or in the weights; a share outside [0, 1]; an unknown scheme; a proposal of another shape.

    Source: Gordon, Salmond and Smith, 1993; Maddison et al., "Filtering variational objectives", NeurIPS 2017.

    >>> from course_vi.models import LinearGaussianSSM
    >>> walk = LinearGaussianSSM(torch.eye(1), torch.eye(1), torch.eye(1), torch.eye(1), torch.zeros(1), torch.eye(1), steps=3)
    >>> x = torch.tensor([0.5, 1.0, -0.3])
    >>> found = particle_filter(walk, x, 10_000, generator=torch.Generator().manual_seed(0))
    >>> bool((found.log_evidence - walk.log_evidence(x)).abs() < 0.1), found.mean.shape
    (True, torch.Size([3, 1]))
    """
    validate.positive_integer("num_particles", num_particles)
    if not 0 <= resample_below <= 1:
        raise ValueError(
            f"resample_below is {resample_below}; expected a share of the particles, from 0 to 1"
        )
    validate.one_of("scheme", scheme, ("multinomial", "systematic"))
    model = dynamics(p)
    validate.event_size("x", x, model.steps * model.data_size)
    validate.finite("x", x)
    if isinstance(p, Model):
        p.same_place("x", x)
    series = x.unflatten(-1, (model.steps, model.data_size))
    batch = (num_particles, *x.shape[:-1])
    even = torch.full(batch, -math.log(num_particles), dtype=x.dtype, device=x.device)
    z, log_w, terms, particles, weights = None, even, [], [], []
    for t in range(model.steps):
        if z is not None:
            z, log_w = _replace_the_hopeless(z, log_w, even, resample_below, scheme, generator)
        own = model.first() if z is None else model.move(t, z)
        density = own if proposal is None else proposal(t, z, series)
        new = _draw(density, batch, generator)
        gain = model.see(t, new, series[..., t, :])
        if proposal is not None:
            gain = gain + own.log_prob(new) - density.log_prob(new)
        if gain.shape != batch:
            raise ValueError(
                f"the weights of step {t} have shape {tuple(gain.shape)}; expected {batch}. Do model and proposal have the "
                "batch of x?"
            )
        bad = int((gain.isnan() | (gain == math.inf)).sum())
        if bad:
            raise ValueError(
                f"step {t} gave {bad} log weights that are NaN or infinite, of {gain.numel()}; expected numbers, or minus "
                "infinity"
            )
        log_w = log_w + gain
        term = log_w.logsumexp(0)
        log_w = torch.where(
            term > -math.inf,
            log_w - torch.where(term > -math.inf, term, torch.zeros_like(term)),
            even,
        )
        z = new
        terms.append(term)
        particles.append(new.detach())
        weights.append(log_w.detach())
    log_terms, all_z, all_w = torch.stack(terms, -1), torch.stack(particles), torch.stack(weights)
    share = all_w.exp().unsqueeze(-1)
    mean = (share * all_z).sum(1)
    variance = (share * (all_z - mean.unsqueeze(1)).square()).sum(1)
    effective = 1 / all_w.exp().square().sum(1)
    return ParticleFilter(
        log_terms.sum(-1),
        log_terms,
        mean.movedim(0, -2),
        variance.movedim(0, -2),
        effective.movedim(0, -1),
        all_z,
        all_w,
    )


def _replace_the_hopeless(
    z: Tensor,
    log_w: Tensor,
    even: Tensor,
    below: float,
    scheme: str,
    generator: torch.Generator | None,
) -> tuple[Tensor, Tensor]:
    """Resample the series whose weights are too uneven. Their new particles weigh the same: the old weights are spent on the choice."""
    with torch.no_grad():
        needed = 1 / log_w.exp().square().sum(0) <= below * len(log_w)
        if below == 0 or not bool(needed.any()):
            return z, log_w
        index = resample(log_w, scheme, generator)
        stay = (
            torch.arange(len(log_w), device=z.device)
            .view(-1, *(1,) * (log_w.dim() - 1))
            .expand_as(index)
        )
        index = torch.where(needed, index, stay)
    return z.gather(0, index.unsqueeze(-1).expand_as(z)), torch.where(needed, even, log_w)


def _draw(density: Density, batch: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
    """A draw ``(*batch, d)``, reparametrized where the distribution is."""
    found = tuple(density.batch_shape)
    if isinstance(density, Seeded | DiscreteChain):
        front = batch[: len(batch) - len(found)]
        if (*front, *found) != batch:
            raise ValueError(
                f"a distribution of the filter has batch {found}; expected {batch}, or its last axes"
            )
        z: Tensor = (density.sample if isinstance(density, DiscreteChain) else density.rsample)(
            front, generator=generator
        )
        return z
    if isinstance(density, Drawn):
        return density.draw(batch, generator)
    with stream(generator):
        plain = cast(Distribution, density)
        return (
            plain.expand(torch.Size(batch)).rsample()
            if plain.has_rsample
            else draw(plain, torch.Size(batch))
        )
