r"""Slow, sure answers, used as the oracle wherever no closed form exists: quadrature in one dimension, and enumeration."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from course_vi import validate

__all__ = [
    "enumerate_binary",
    "enumerate_categories",
    "expected_bound",
    "gauss_hermite",
    "log_integral",
    "normal_expectation",
]

MOST = 2**22  # states, or tuples of states, that anyone should wait for


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
    return (
        (points.to(like), weights.to(like))
        if like is not None
        else (points.clone(), weights.clone())
    )


def normal_expectation(
    f: Callable[[Tensor], Tensor], loc: Tensor, scale: Tensor, order: int = 64
) -> Tensor:
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


def log_integral(
    log_f: Callable[[Tensor], Tensor],
    low: float = -12.0,
    high: float = 12.0,
    points: int = 4001,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> Tensor:
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


def enumerate_categories(sizes: Sequence[int], like: Tensor | None = None) -> Tensor:
    """All values of a vector of categorical variables, as indices ``(S, len(sizes))`` with S the product of the sizes.

    The last variable changes fastest.

    Args:
        sizes: the number of categories of each variable.
        like: a tensor whose dtype and device the answer takes; long integers on the CPU without it.

    Raises:
        ValueError: a size below one, or more than four million states.

    >>> enumerate_categories((2, 3)).tolist()
    [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    """
    for size in sizes:
        validate.positive_integer("sizes", size)
    count = math.prod(sizes)
    if count > MOST or not len(sizes):
        raise ValueError(
            f"sizes is {tuple(sizes)}, that is {count} states; expected at least one variable and at most {MOST} states"
        )
    grid = torch.cartesian_prod(*[torch.arange(size) for size in sizes]).reshape(count, len(sizes))
    return grid.to(like) if like is not None else grid


def enumerate_binary(n: int, like: Tensor | None = None) -> Tensor:
    """All vectors of n bits, ``(2^n, n)``, zeros first; arguments as in ``enumerate_categories``.

    >>> enumerate_binary(2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    validate.positive_integer("n", n)
    return enumerate_categories((2,) * n, like)


def expected_bound(
    log_joint: Tensor,
    log_q: Tensor,
    bound: Callable[[Tensor], Tensor],
    num_samples: int,
    chunk: int = 2**16,
) -> Tensor:
    r"""The exact K-sample bound of a discrete latent: the sum over all K-tuples of states.

    .. math:: \mathbb E\, \hat L_K = \sum_{z_1, \dots, z_K} \prod_k q(z_k)\; L(\log w_1, \dots, \log w_K), \qquad
              \log w_k = \log p(x, z_k) - \log q(z_k)

    Args:
        log_joint, log_q: the two log-densities at *every* state, ``(S, *B)`` each, on any grid such as ``enumerate_binary``.
        bound: ``(K, *B) -> (*B)``.
        num_samples: K; the cost is S^K.
        chunk: tuples evaluated at a time.

    Returns:
        ``(*B)``, differentiable in both densities: the exact value *and* the exact gradient, which no sample can be wrong about.

    Raises:
        ValueError: q does not add up to one over the states; more than four million tuples.

    >>> log_q = torch.tensor([0.5, 0.5]).log()
    >>> log_joint = torch.tensor([0.1, 0.3]).log()                 # evidence 0.4
    >>> expected_bound(log_joint, log_q, lambda log_w: log_w.mean(0), 1).exp()
    tensor(0.3464)
    """
    validate.positive_integer("num_samples", num_samples)
    log_joint, log_q = torch.broadcast_tensors(log_joint, log_q)
    states = log_q.shape[0]
    total = log_q.detach().logsumexp(0)
    if not torch.allclose(total, torch.zeros_like(total), atol=1e-4):
        raise ValueError(
            f"log_q adds up to {total.exp().flatten().tolist()[:4]} over {states} states; expected 1 over them all"
        )
    if states**num_samples > MOST:
        raise ValueError(
            f"num_samples is {num_samples} with {states} states: {states**num_samples} tuples; expected at most {MOST}"
        )
    possible = log_q > -math.inf
    log_w = torch.where(
        possible,
        log_joint - torch.where(possible, log_q, torch.zeros_like(log_q)),
        torch.zeros_like(log_q),
    )
    answer = torch.zeros_like(log_w[0])
    for codes in torch.arange(states**num_samples, device=log_w.device).split(chunk):
        tuples = torch.stack(
            [codes // states**k % states for k in range(num_samples)]
        )  # (K, tuples)
        answer = answer + (log_q[tuples].sum(0).exp() * bound(log_w[tuples])).sum(0)
    return answer
