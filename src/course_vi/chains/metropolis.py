r"""Metropolis-Hastings, for one chain and for two that are offered coupled proposals and judge them by one uniform.

.. math:: \alpha(x, i) = \min\Big(1, \frac{\pi(i)\,Q(i, x)}{\pi(x)\,Q(x, i)}\Big)
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_vi import validate
from course_vi.chains.couplings import maximal_table, probabilities, reflection_coupling

__all__ = ["coupled_metropolis", "coupled_walk", "metropolis_matrix"]


def _acceptance(log_target: Tensor, proposal: Tensor) -> Tensor:
    """alpha(x, i), ``(S, S)``; zero for what is never proposed, one out of a state of probability zero."""
    validate.floats(log_target=log_target, proposal=proposal)
    count = log_target.shape[-1] if log_target.dim() else 0
    if log_target.dim() != 1 or proposal.shape != (count, count):
        raise ValueError(
            f"log_target and proposal have shapes {tuple(log_target.shape)} and {tuple(proposal.shape)}; expected (S) and (S, S)"
        )
    probabilities(proposal=proposal)
    if bool((log_target.isnan() | (log_target == float("inf"))).any()):
        raise ValueError("log_target has NaN or plus infinity; expected numbers, or minus infinity")
    back = log_target.unsqueeze(0) + proposal.T.log()
    here = log_target.unsqueeze(1) + proposal.log()
    ratio = torch.where(here == -torch.inf, torch.zeros_like(here), back - here)
    return torch.where(proposal > 0, ratio.clamp_max(0.0).exp(), torch.zeros_like(ratio))


def metropolis_matrix(log_target: Tensor, proposal: Tensor) -> Tensor:
    r"""The transition matrix of Metropolis-Hastings: :math:`P(x, i) = Q(x, i)\,\alpha(x, i)` for i other than x, and what is left stays.

    Args:
        log_target: ``(S)``, log probabilities up to a constant; minus infinity is a state that is never entered.
        proposal: ``(S, S)``, row x proposes from x.

    Returns:
        ``(S, S)``; the target is stationary under it.

    Source: Hastings, "Monte Carlo sampling methods using Markov chains and their applications", Biometrika 1970.

    >>> target = torch.tensor([0.2, 0.8])
    >>> moves = metropolis_matrix(target.log(), torch.tensor([[0.5, 0.5], [0.5, 0.5]]))
    >>> torch.allclose(target @ moves, target), round(moves[1, 0].item(), 3)
    (True, 0.125)
    """
    moved = proposal * _acceptance(log_target, proposal)
    moved = moved - torch.diag(moved.diagonal())
    return moved + torch.diag(1 - moved.sum(-1))


def coupled_metropolis(
    log_target: Tensor,
    proposal: Tensor,
    coupling: Callable[[Tensor, Tensor], Tensor] = maximal_table,
) -> Tensor:
    r"""Two Metropolis-Hastings chains as one chain of pairs: proposals (i, j) from a coupling, accepted with *one* uniform u.

    The first chain accepts if u < alpha(x, i), the second if u < alpha(y, j): both with probability min, one alone with the difference.

    Args:
        log_target: ``(S)``, up to a constant.
        proposal: ``(S, S)``.
        coupling: of two laws ``(*B, S)`` each, as a table ``(*B, S, S)``.

    Returns:
        ``(S, S, S, S)``: ``[x, y, a, b]`` is the chance to go from (x, y) to (a, b). Summed over b it is ``metropolis_matrix``.

    Source: Johnson, "A coupling-regeneration scheme for diagnosing convergence in Markov chain Monte Carlo algorithms", JASA 1998;
    Jacob, O'Leary and Atchade, JRSS B 2020.

    >>> log_target, proposal = torch.tensor([0.0, 1.0, 2.0]), torch.full((3, 3), 1 / 3)
    >>> kernel = coupled_metropolis(log_target, proposal)
    >>> torch.allclose(kernel.sum(3)[0, 1], metropolis_matrix(log_target, proposal)[0])
    True
    """
    alpha = _acceptance(log_target, proposal)
    count = len(log_target)
    wide = (count, count, count)
    first, second = proposal.unsqueeze(1).expand(wide), proposal.unsqueeze(0).expand(wide)
    offered = coupling(first, second)  # (x, y, i, j)
    one, other = alpha[:, None, :, None], alpha[None, :, None, :]
    both = torch.minimum(one, other)
    here = torch.eye(count, dtype=proposal.dtype, device=proposal.device)
    moved = offered * both
    moved = moved + torch.einsum("xyi,yb->xyib", (offered * (one - both)).sum(3), here)
    moved = moved + torch.einsum("xyj,xa->xyaj", (offered * (other - both)).sum(2), here)
    stayed = (offered * (1 - torch.maximum(one, other))).sum((2, 3))
    return moved + torch.einsum("xy,xa,yb->xyab", stayed, here, here)


def coupled_walk(
    log_density: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    scale: float,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """One step of two random-walk Metropolis chains: proposals by ``reflection_coupling``, accepted with one uniform.

    Args:
        log_density: maps ``(*B, D)`` to ``(*B)``, up to a constant.
        x, y: where the chains stand, ``(*B, D)`` each.
        scale: the standard deviation of a proposal, in each coordinate.

    Returns:
        Where they stand next, ``(*B, D)`` each. Chains that have met stay together, to the last bit.

    >>> def normal(z):
    ...     return -0.5 * z.square().sum(-1)
    >>> x, y, source = torch.full((1000, 1), 3.0), torch.full((1000, 1), -3.0), torch.Generator().manual_seed(0)
    >>> for _ in range(100):
    ...     x, y = coupled_walk(normal, x, y, 1.0, source)
    >>> bool((x == y).double().mean() > 0.99)
    True
    """
    new_x, new_y = reflection_coupling(x, y, scale, generator)
    log_u = torch.rand(x.shape[:-1], generator=generator, dtype=x.dtype, device=x.device).log()
    moved = []
    for new, old in ((new_x, x), (new_y, y)):
        accept = log_u < log_density(new) - log_density(old)
        moved.append(torch.where(accept.unsqueeze(-1), new, old))
    return moved[0], moved[1]
