r"""Hamiltonian Monte Carlo, many chains at once: the judge of posteriors for which no sum is feasible.

Pyro has it too, with paths that choose their own length, one chain at a time: on the Nile of lecture 08 a chain of 300 draws took a
minute there and was worth 53 independent ones, where 48 chains of 500 took seven seconds here. Whether chains agree, and what they
are worth, ``pyro.ops.stats`` says.

A chain draws a momentum :math:`r \sim N(0, M)`, follows

.. math:: \dot z = M^{-1} r, \qquad \dot r = \nabla \log p(x, z)

by leapfrog steps, and takes the end with probability :math:`\min(1, e^{-\Delta H})`, :math:`H = -\log p + \tfrac12 r^\top M^{-1} r`. In
the warm-up the step is tuned to the acceptance wanted, and :math:`M^{-1}` becomes the covariance of all the chains.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate

__all__ = ["Chains", "hamiltonian"]

FAR = 1e6  # where no posterior is: a path that gets there is given up, and its end not taken


class Chains(NamedTuple):
    """What the chains leave.

    Attributes:
        draws: after the warm-up, ``(S, C, D)``.
        acceptance: mean probability of a step's end, after the warm-up.
        step: length of a leapfrog step, in units of the posterior's deviations.
    """

    draws: Tensor
    acceptance: float
    step: float


def hamiltonian(
    log_p: Callable[[Tensor], Tensor],
    start: Tensor,
    draws: int,
    warm_up: int,
    leapfrogs: int = 16,
    acceptance: float = 0.8,
    generator: torch.Generator | None = None,
) -> Chains:
    """Draws from the density that ``log_p`` knows up to a constant.

    Args:
        log_p: ``(C, D)`` to ``(C)``, differentiable; a row for each chain.
        start: where the chains begin, ``(C, D)``, with C more than D / 2 or so: their spread is what the mass is learned from.
        draws, warm_up: steps that are kept, and steps before them. The mass is learned three times in the warm-up.
        leapfrogs: at most so many a step; their number is drawn anew for each, so that no orbit closes by accident.
        acceptance: wanted in the warm-up.

    Source: Neal, "MCMC using Hamiltonian dynamics", 2011; the tuning of the step by dual averaging, Hoffman and Gelman, JMLR 2014.

    >>> found = hamiltonian(lambda z: -0.5 * z.square().sum(-1), torch.randn(8, 2), 50, 60, generator=torch.Generator().manual_seed(0))
    >>> found.draws.shape
    torch.Size([50, 8, 2])
    """
    validate.positive_integer("draws", draws)
    validate.positive_integer("leapfrogs", leapfrogs)
    if start.dim() != 2:
        raise ValueError(
            f"start has shape {tuple(start.shape)}; expected (C, D), a row for each chain"
        )
    z, dim = start.detach().clone(), start.shape[1]
    root = torch.eye(dim, dtype=z.dtype, device=z.device)  # of the covariance, M^-1 = root root'

    def slope(at: Tensor) -> tuple[Tensor, Tensor]:
        at = at.detach().requires_grad_()
        with torch.enable_grad():
            value = log_p(at)
            (gradient,) = torch.autograd.grad(value.sum(), at)
        return value.detach(), gradient

    value, gradient = slope(z)
    step, average, error, tuned = 0.1, 0.0, 0.0, 0
    centre = math.log(10 * step)
    kept, recent, accepted = [], [], []
    learn_at = {warm_up // 4, warm_up // 2, 3 * warm_up // 4}
    for count in range(warm_up + draws):
        # In coordinates u = root^-1 z the mass is one: the momentum is standard normal.
        momentum = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
        steps = int(torch.randint(1, leapfrogs + 1, (), generator=generator))
        new, new_value, new_gradient, r = z, value, gradient, momentum
        lost = torch.zeros_like(value, dtype=torch.bool)  # a path that leaves the finite numbers
        for _ in range(steps):
            r = r + 0.5 * step * new_gradient @ root
            new = new + step * r @ root.T
            lost |= ~(new.abs().amax(-1) < FAR)
            new = torch.where(lost.unsqueeze(-1), z, new)
            new_value, new_gradient = slope(new)
            r = r + 0.5 * step * new_gradient @ root
        change = (new_value - value) - 0.5 * (r.square() - momentum.square()).sum(-1)
        change = change.masked_fill(lost, -math.inf)
        chance = change.nan_to_num(-math.inf, neginf=-math.inf).clamp_max(0.0).exp()
        uniform = torch.rand(chance.shape, generator=generator, dtype=z.dtype, device=z.device)
        take = (uniform < chance).unsqueeze(-1)
        z, gradient = torch.where(take, new, z), torch.where(take, new_gradient, gradient)
        value = torch.where(take[:, 0], new_value, value)
        if count >= warm_up:
            kept.append(z)
            accepted.append(float(chance.mean()))
            continue
        recent.append(z)
        tuned += 1
        error += acceptance - float(chance.mean())
        log_step = centre - math.sqrt(tuned) / 0.05 * error / (tuned + 10)
        share = tuned**-0.75
        average = share * log_step + (1 - share) * average
        step = math.exp(log_step if count < warm_up - 1 else average)
        if count + 1 in learn_at:
            cloud = torch.cat(recent[len(recent) // 2 :])
            covariance = torch.cov(cloud.T)
            shrunk = 0.95 * covariance + 0.05 * covariance.diagonal().diag()
            root, recent = torch.linalg.cholesky(shrunk), []
            step, average, error, tuned = 0.5, 0.0, 0.0, 0
            centre = math.log(10 * step) - 1.0
    return Chains(torch.stack(kept), sum(accepted) / len(accepted), step)
