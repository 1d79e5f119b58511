r"""Couplings: two random variables, each with a law of its own, drawn together so that they meet.

.. math:: P(X = Y) \le \sum_c \min(p_c, q_c) = 1 - \mathrm{TV}(p, q)

A coupling is *maximal* if this is an equality.
"""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi import validate

__all__ = [
    "common_uniform_table",
    "maximal_coupling",
    "maximal_table",
    "probabilities",
    "reflection_coupling",
    "total_variation",
]


def probabilities(**values: Tensor) -> None:
    """Refuse rows that are no probabilities, by the names of the arguments.

    >>> probabilities(p=torch.tensor([0.5, 0.6]))
    Traceback (most recent call last):
    ...
    ValueError: p has rows that are no probabilities; expected non-negative numbers that sum to one
    """
    validate.floats(**values)
    for name, value in values.items():
        if value.dim() == 0:
            raise ValueError(f"{name} has no axis; expected probabilities, (*B, C)")
        if value.device.type == "meta":
            continue
        sums = value.sum(-1)
        if not bool((value >= 0).all()) or not torch.allclose(
            sums, torch.ones_like(sums), atol=1e-4
        ):
            raise ValueError(
                f"{name} has rows that are no probabilities; expected non-negative numbers that sum to one"
            )


def _both(p: Tensor, q: Tensor) -> None:
    if p.shape != q.shape or p.dim() == 0:
        raise ValueError(
            f"p and q have shapes {tuple(p.shape)} and {tuple(q.shape)}; expected the same, (*B, C)"
        )
    probabilities(p=p, q=q)


def total_variation(p: Tensor, q: Tensor) -> Tensor:
    r"""How often a maximal coupling fails to meet: :math:`\mathrm{TV}(p, q) = \tfrac12 \sum_c |p_c - q_c|`.

    Args:
        p, q: probabilities, ``(*B, C)``.

    Returns:
        ``(*B)``, between zero and one.

    >>> total_variation(torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.0, 0.5, 0.5]))
    tensor(0.5000)
    """
    _both(p, q)
    return 0.5 * (p - q).abs().sum(-1)


def maximal_coupling(
    p: Tensor, q: Tensor, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    r"""Two indices, i ~ p and j ~ q, that are equal as often as they can be.

    .. math:: P(i = j) = \sum_c \min(p_c, q_c) = 1 - \mathrm{TV}(p, q)

    With that probability both are one draw from the overlap min(p, q); else each is drawn from what is left of its own.

    Args:
        p, q: probabilities, ``(*B, C)``.

    Returns:
        i and j, ``(*B)`` each.

    Source: Lindvall, "Lectures on the coupling method", 1992.

    >>> p = torch.tensor([0.5, 0.5, 0.0]).expand(20_000, 3)
    >>> q = torch.tensor([0.0, 0.5, 0.5]).expand(20_000, 3)
    >>> i, j = maximal_coupling(p, q, torch.Generator().manual_seed(0))
    >>> round((i == j).double().mean().item(), 1), bool((i[i == j] == 1).all())
    (0.5, True)
    """
    _both(p, q)
    overlap = torch.minimum(p, q)
    together = torch.rand(
        p.shape[:-1], generator=generator, dtype=p.dtype, device=p.device
    ) < overlap.sum(-1)
    together = together | (p == q).all(-1)  # else rounding could part what is the same
    both, first, second = (
        _choose(weights, generator) for weights in (overlap, p - overlap, q - overlap)
    )
    return torch.where(together, both, first), torch.where(together, both, second)


def _choose(weights: Tensor, generator: torch.Generator | None) -> Tensor:
    """An index for each row of weights; where a row is all zero, any (its answer is not read)."""
    if not weights.numel():
        return torch.zeros(weights.shape[:-1], dtype=torch.long, device=weights.device)
    safe = torch.where(weights.sum(-1, keepdim=True) > 0, weights, torch.ones_like(weights))
    return torch.multinomial(safe.reshape(-1, weights.shape[-1]), 1, generator=generator).reshape(
        weights.shape[:-1]
    )


def maximal_table(p: Tensor, q: Tensor) -> Tensor:
    r"""The joint law of ``maximal_coupling``: the overlap on the diagonal, and what is left over drawn independently.

    .. math:: \mathrm{diag}(\min(p, q)) + \frac{(p - \min(p, q))\,(q - \min(p, q))^\top}{\mathrm{TV}(p, q)}

    Args:
        p, q: probabilities, ``(*B, C)``.

    Returns:
        ``(*B, C, C)``, with rows that sum to p and columns that sum to q.

    Source: Lindvall, "Lectures on the coupling method", 1992.

    >>> table = maximal_table(torch.tensor([0.5, 0.5]), torch.tensor([0.2, 0.8]))
    >>> torch.allclose(table, torch.tensor([[0.2, 0.3], [0.0, 0.5]]))
    True
    """
    _both(p, q)
    overlap = torch.minimum(p, q)
    first, second = p - overlap, q - overlap
    left = 0.5 * (first.sum(-1) + second.sum(-1))
    left = torch.where(left > 0, left, torch.ones_like(left))
    return (
        torch.diag_embed(overlap)
        + first.unsqueeze(-1) * second.unsqueeze(-2) / left[..., None, None]
    )


def common_uniform_table(p: Tensor, q: Tensor) -> Tensor:
    r"""The joint law of two indices that are read off *one* uniform, each through the inverse of its own distribution function.

    .. math:: P(i, j) = \big|\,[F_{i-1}, F_i) \cap [G_{j-1}, G_j)\,\big|

    Equal laws give equal indices, so chains that have met stay together; but it meets less often than a maximal coupling can.

    Args:
        p, q: probabilities, ``(*B, C)``.

    Returns:
        ``(*B, C, C)``, with rows that sum to p and columns that sum to q.

    >>> common_uniform_table(torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.0, 0.5, 0.5]))   # never equal
    tensor([[0.0000, 0.5000, 0.0000],
            [0.0000, 0.0000, 0.5000],
            [0.0000, 0.0000, 0.0000]])
    """
    _both(p, q)
    upper_p, upper_q = (torch.cumsum(each, -1) for each in (p, q))
    lower_p, lower_q = upper_p - p, upper_q - q
    ends = torch.minimum(upper_p.unsqueeze(-1), upper_q.unsqueeze(-2))
    starts = torch.maximum(lower_p.unsqueeze(-1), lower_q.unsqueeze(-2))
    return (ends - starts).clamp_min(0.0)


def reflection_coupling(
    mean_x: Tensor, mean_y: Tensor, scale: float | Tensor, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    r"""x ~ N(mean_x, scale^2 I) and y ~ N(mean_y, scale^2 I), equal as often as they can be; else one is the mirror image of the other.

    With :math:`\delta = (m_x - m_y)/s` and x = m_x + s e, y is x with probability
    :math:`\min(1, \varphi(e + \delta)/\varphi(e))`; else y = m_y + s e', with e' reflected in the plane across :math:`\delta`.
    They meet with probability :math:`2\,\Phi(-|\delta|/2)`.

    Args:
        mean_x, mean_y: ``(*B, D)``.
        scale: s, a number, or ``(*B, 1)``.

    Returns:
        x and y, ``(*B, D)`` each; where they meet, equal to the last bit.

    Source: Bou-Rabee, Eberle and Zimmer, "Coupling and convergence for Hamiltonian Monte Carlo", 2020; Jacob, O'Leary and Atchade,
    "Unbiased Markov chain Monte Carlo methods with couplings", JRSS B 2020.

    >>> apart = torch.zeros(20_000, 1), torch.full((20_000, 1), 2.0)
    >>> x, y = reflection_coupling(*apart, 1.0, torch.Generator().manual_seed(0))
    >>> round((x == y).double().mean().item(), 1)   # 2 Phi(-1) = 0.317
    0.3
    """
    validate.floats(mean_x=mean_x, mean_y=mean_y)
    if mean_x.shape != mean_y.shape or mean_x.dim() == 0:
        raise ValueError(
            f"mean_x and mean_y have shapes {tuple(mean_x.shape)} and {tuple(mean_y.shape)}; expected the same, (*B, D)"
        )
    if not bool((torch.as_tensor(scale) > 0).all()):
        raise ValueError(f"scale is {scale}; expected a positive number")
    noise = torch.randn(mean_x.shape, generator=generator, dtype=mean_x.dtype, device=mean_x.device)
    log_u = torch.rand(
        mean_x.shape[:-1], generator=generator, dtype=mean_x.dtype, device=mean_x.device
    ).log()
    delta = (mean_x - mean_y) / scale
    length = delta.norm(dim=-1, keepdim=True)
    along = delta / torch.where(length > 0, length, torch.ones_like(length))
    gain = -0.5 * ((noise + delta).square() - noise.square()).sum(-1)
    meet = ((log_u < gain) | (length.squeeze(-1) == 0)).unsqueeze(-1)
    mirrored = noise - 2 * (along * noise).sum(-1, keepdim=True) * along
    x = mean_x + scale * noise
    return x, torch.where(meet, x, mean_y + scale * mirrored)
