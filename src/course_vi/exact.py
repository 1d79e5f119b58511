r"""Slow, sure answers: quadrature in one dimension, used as the oracle wherever no closed form exists."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

__all__ = ["gauss_hermite", "log_integral", "normal_expectation"]


@lru_cache(maxsize=16)
def _nodes(order: int) -> tuple[Tensor, Tensor]:
    points, weights = np.polynomial.hermite_e.hermegauss(order)
    return torch.from_numpy(points), torch.from_numpy(weights / weights.sum())


def gauss_hermite(order: int = 64, like: Tensor | None = None) -> tuple[Tensor, Tensor]:
    r"""Points and weights with :math:`\mathbb E f(\epsilon) \approx \sum_i w_i f(\epsilon_i)`, :math:`\epsilon \sim N(0,1)`.

    Exact for polynomials of degree up to ``2 * order - 1``.

    >>> points, weights = gauss_hermite(8)
    >>> round((weights * points**4).sum().item(), 6)   # the fourth moment of a standard normal
    3.0
    """
    points, weights = _nodes(order)
    return (points.to(like), weights.to(like)) if like is not None else (points.clone(), weights.clone())


def normal_expectation(f: Callable[[Tensor], Tensor], loc: Tensor, scale: Tensor, order: int = 64) -> Tensor:
    r"""E f(z) for z ~ N(loc, scale^2), by Gauss-Hermite quadrature.

    Args:
        f: maps ``(order, *B)`` to ``(order, *B)``, entry by entry.
        loc, scale: ``(*B)``.

    Returns:
        ``(*B)``, differentiable in ``loc``, ``scale`` and whatever ``f`` depends on: the exact value *and* the exact gradient.

    >>> normal_expectation(torch.square, torch.tensor(1.0), torch.tensor(2.0))   # 1 + 2^2
    tensor(5.)
    """
    points, weights = gauss_hermite(order, like=loc)
    shape = (-1,) + (1,) * loc.dim()
    values = f(loc + scale * points.view(shape))
    return (weights.view(shape) * values).sum(0)


def log_integral(log_f: Callable[[Tensor], Tensor], low: float = -12.0, high: float = 12.0, points: int = 4001,
                 dtype: torch.dtype = torch.float64, device: torch.device | str | None = None) -> Tensor:
    r"""log of the integral of exp(log_f(z)) over [low, high], by the trapezoid rule in log space.

    For a smooth integrand that has died out at both ends the rule converges faster than any power of the step.

    Args:
        log_f: maps a grid ``(points, 1)``, that is one-dimensional latents ``(K, D=1)``, to ``(points, *B)``.

    Returns:
        ``(*B)``.

    >>> normal = torch.distributions.Normal(0.0, 1.0)
    >>> abs(round(log_integral(lambda z: normal.log_prob(z).sum(-1)).item(), 9))   # a density integrates to one
    0.0
    """
    grid = torch.linspace(low, high, points, dtype=dtype, device=device)
    log_values = log_f(grid.unsqueeze(-1))
    step = (high - low) / (points - 1)
    log_weights = torch.full((points,), float(np.log(step)), dtype=dtype, device=device)
    log_weights[[0, -1]] -= float(np.log(2.0))
    return torch.logsumexp(log_values + log_weights.view((-1,) + (1,) * (log_values.dim() - 1)), 0)
