r"""What do we climb? Bounds on the log evidence, each a pure function of the log weights.

With :math:`z_1, \dots, z_K \sim q_\phi(z \mid x)` the log weights are

.. math:: \log w_k = \log p_\theta(x, z_k) - \log q_\phi(z_k \mid x).

A bound maps ``log_w: (K, *B)`` to ``(*B)``. It knows nothing of models, families or gradients, and it is smooth: the
first and second derivatives of the bound in the log weights are all that a path gradient needs to know of it.

A bound may bring these derivatives, as functions ``first`` and ``second`` of its own arguments that are its attributes; then nobody has to
find them through a K x K Hessian.

A bound with a parameter becomes a bound by ``functools.partial``: ``partial(renyi, alpha=0.5)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import combinations
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

__all__ = ["elbo", "iwae", "jackknife", "renyi", "thermodynamic"]

Bringer = TypeVar("Bringer", bound=Callable[..., Tensor])


def _brings(
    first: Callable[..., Tensor], second: Callable[..., Tensor]
) -> Callable[[Bringer], Bringer]:
    """Hang the first and the diagonal second derivatives on a bound."""

    def hang(bound: Bringer) -> Bringer:
        vars(bound).update(first=first, second=second)
        return bound

    return hang


def _power_first(log_w: Tensor, alpha: float = 0.0) -> Tensor:
    return ((1.0 - alpha) * log_w).softmax(0)


def _power_second(log_w: Tensor, alpha: float = 0.0) -> Tensor:
    first = _power_first(log_w, alpha)
    return (1.0 - alpha) * (first - first.square())


def _tempered_slopes(
    log_w: Tensor, betas: Sequence[float], side: str = "left"
) -> tuple[Tensor, Tensor]:
    r"""With s the normalized :math:`w^\beta` and :math:`a_k = 1 + \beta (\log w_k - E)`: s a, and :math:`\beta s ((1 - s) a + 1 - s a)`."""
    first, second = torch.zeros_like(log_w), torch.zeros_like(log_w)
    for low, high in zip(betas, betas[1:], strict=False):
        beta = low if side == "left" else high
        share = (beta * log_w).softmax(0) if beta else torch.full_like(log_w, 1 / len(log_w))
        if beta:
            excess = 1 + beta * (log_w - _tempered_mean(log_w, beta))
            excess = torch.where(share > 0, excess, torch.zeros_like(excess))
            second = second + (high - low) * beta * share * (excess - 2 * share * excess + 1)
            share = share * excess
        first = first + (high - low) * share
    return first, second


def elbo(log_w: Tensor) -> Tensor:
    r"""The evidence lower bound (ELBO), estimated by the mean of the log weights.

    .. math:: \hat L = \frac1K \sum_{k=1}^K \log w_k, \qquad
              \mathbb E\,\hat L = \log p_\theta(x) - \mathrm{KL}(q_\phi(z \mid x) \,\|\, p_\theta(z \mid x)).

    It is linear in the log weights, so averaging more samples changes its variance (as 1/K) and not its mean.

    Args:
        log_w: log weights, ``(K, *B)``.

    Returns:
        The estimate, ``(*B)``: unbiased for the ELBO, biased downwards for the log evidence, by exactly the KL.

    Raises:
        TypeError, ValueError: ``log_w`` is no tensor, or has no sample axis, or no samples.

    Source: Jordan, Ghahramani, Jaakkola and Saul, "An introduction to variational methods for graphical models", 1999.

    >>> elbo(torch.tensor([[-1.0, -2.0], [-3.0, -2.0]]))
    tensor([-2., -2.])
    """
    _check(log_w)
    return log_w.mean(0)


@_brings(_power_first, _power_second)
def iwae(log_w: Tensor) -> Tensor:
    r"""The importance-weighted bound: the log of the mean weight.

    .. math:: \hat L_K = \log \frac1K \sum_{k=1}^K w_k, \qquad
              \mathrm{ELBO} = \mathbb E\,\hat L_1 \le \mathbb E\,\hat L_K \le \mathbb E\,\hat L_{K+1} \le \log p_\theta(x).

    The mean weight is unbiased for the evidence; its logarithm is not (Jensen), but the bias falls as K grows.
    Computed by log-sum-exp, so log weights of -10,000 are as safe as any.

    Args:
        log_w: log weights, ``(K, *B)``.

    Returns:
        The bound, ``(*B)``. With K = 1 it is the ELBO.

    Raises:
        TypeError, ValueError: ``log_w`` is no tensor, or has no sample axis, or no samples.

    Source: Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016.

    >>> iwae(torch.tensor([0.25, 0.75]).log()).exp()
    tensor(0.5000)
    """
    _check(log_w)
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])


@_brings(_power_first, _power_second)
def renyi(log_w: Tensor, alpha: float) -> Tensor:
    r"""The variational Renyi bound, estimated with K samples: the log of a power mean of the weights.

    .. math:: \hat L_\alpha = \frac1{1 - \alpha} \log \frac1K \sum_{k=1}^K w_k^{1 - \alpha}, \qquad
              \hat L_1 = \lim_{\alpha \to 1} \hat L_\alpha = \frac1K \sum_k \log w_k

    For fixed samples it does not increase in alpha: alpha = 1 is the ELBO, alpha = 0 is IWAE, and as alpha falls (rises) without
    end it becomes the largest (smallest) log weight. For alpha >= 0 the expectation is a lower bound on the log evidence; for
    alpha < 0 with few samples it may lie on either side.

    Its slopes are :math:`f_k = \bar w_k`, the normalized powers :math:`w_k^{1-\alpha}`, and
    :math:`f_{kk} = (1 - \alpha)(\bar w_k - \bar w_k^2)`.

    Args:
        log_w: log weights, ``(K, *B)``.
        alpha: any finite number.

    Returns:
        The bound, ``(*B)``: smooth in ``log_w`` and, numerically too, in ``alpha``. Biased for the exact Renyi bound at finite K
        unless alpha = 1; the largest weights rule it, and its variance, when alpha < 1, the smallest when alpha > 1.

    Raises:
        TypeError, ValueError: alpha is no finite number; ``log_w`` as in ``iwae``.

    Source: Li and Turner, "Renyi divergence variational inference", NeurIPS 2016.

    >>> log_w = torch.tensor([0.25, 0.75]).log()
    >>> renyi(log_w, 0.0).exp(), renyi(log_w, 2.0).exp()      # arithmetic and harmonic means
    (tensor(0.5000), tensor(0.3750))
    """
    _check(log_w)
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)):
        raise TypeError(f"alpha is {alpha!r}; expected a number, such as 0.5")
    if not math.isfinite(alpha):
        raise ValueError(f"alpha is {alpha}; expected a finite number")
    power = 1.0 - alpha
    if power == 0.0:
        return elbo(log_w)
    if abs(power) >= 0.1:
        return (torch.logsumexp(power * log_w, 0) - math.log(log_w.shape[0])) / power
    # Near alpha = 1 the line above is 0/0. With the weights taken relative to one of them nothing cancels and nothing overflows;
    # which one it is does not matter to the value, so it is a constant.
    pivot = (log_w.amax(0) if power > 0 else log_w.amin(0)).detach()
    pivot = torch.where(pivot.isfinite(), pivot, torch.zeros_like(pivot))
    return pivot + torch.expm1(power * (log_w - pivot)).mean(0).log1p() / power


def jackknife(log_w: Tensor, order: int) -> Tensor:
    r"""Jackknife variational inference: IWAE with the first ``order`` terms of its bias in 1/K removed.

    .. math:: \hat J_{K,m} = \sum_{j=0}^m c_j \bar L_{K-j}, \qquad c_j = (-1)^j \frac{(K-j)^m}{(m-j)!\, j!}

    where :math:`\bar L_{K-j}` averages the IWAE bound over all subsets of K - j of the K weights. The coefficients add up to one
    and cancel the terms 1/K, ..., 1/K^m of the bias; what remains is :math:`O(K^{-m-1})`, of either sign.

    **It is not a lower bound**: its expectation may exceed the log evidence. The coefficients alternate and grow like K^m, so that
    its variance is usually larger than that of IWAE; its time and memory grow with the number of subsets, K choose ``order``. The expansion
    of the bias needs finite moments of the weights.

    Args:
        log_w: log weights, ``(K, *B)``, with K > order.
        order: m; 0 is IWAE.

    Returns:
        The estimate, ``(*B)``.

    Raises:
        TypeError, ValueError: order is no whole number, or K is not larger; ``log_w`` as in ``iwae``.

    Source: Nowozin, "Debiasing evidence approximations: on importance-weighted autoencoders and jackknife variational
    inference", ICLR 2018.

    >>> log_w = torch.tensor([0.25, 0.75]).log()
    >>> jackknife(log_w, 1), 2 * iwae(log_w) - elbo(log_w)
    (tensor(-0.5493), tensor(-0.5493))
    """
    _check(log_w)
    if isinstance(order, bool) or not isinstance(order, int):
        raise TypeError(f"order is {order!r}; expected a whole number, 0 or more")
    size = log_w.shape[0]
    if order < 0 or order >= size:
        raise ValueError(
            f"order is {order} with K = {size} samples; expected 0 <= order < K: a jackknife leaves samples out"
        )
    pivot = (
        log_w.amax(0).detach()
    )  # the coefficients are large and add up to one: nothing common should go through them
    pivot = torch.where(pivot.isfinite(), pivot, torch.zeros_like(pivot))
    total = pivot
    for left_out in range(order + 1):
        coefficient = (
            (-1) ** left_out
            * (size - left_out) ** order
            / (math.factorial(order - left_out) * math.factorial(left_out))
        )
        kept = torch.as_tensor(_subsets(size, size - left_out), device=log_w.device)
        subsets = (log_w - pivot)[kept]  # (subsets, K - j, *B)
        total = total + coefficient * (
            torch.logsumexp(subsets, 1) - math.log(size - left_out)
        ).mean(0)
    return total


@_brings(lambda *a, **k: _tempered_slopes(*a, **k)[0], lambda *a, **k: _tempered_slopes(*a, **k)[1])
def thermodynamic(log_w: Tensor, betas: Sequence[float], side: str = "left") -> Tensor:
    r"""The thermodynamic variational objective: a Riemann sum along the path from q to the posterior.

    .. math:: \log p_\theta(x) = \int_0^1 \mathbb E_{\pi_\beta}[\log w]\, d\beta, \qquad
              \pi_\beta(z) \propto q_\phi(z \mid x)^{1-\beta}\, p_\theta(x, z)^\beta

    The curve under the integral does not decrease in beta, so left sums lie below the log evidence and right sums above it. With
    K samples from q it is estimated by self-normalized importance sampling,

    .. math:: \hat E_\beta = \sum_k \bar w_k^{(\beta)} \log w_k, \qquad \bar w_k^{(\beta)} \propto w_k^\beta.

    That curve does not decrease either, and its integral is the IWAE bound *of those samples*. So for every set of samples the left
    sum is at most IWAE, hence still a lower bound in expectation; the right sum is at least IWAE, which makes it **no** upper bound
    on the log evidence at small K. With ``betas = (0, 1)`` the left sum is the ELBO.

    Args:
        log_w: log weights, ``(K, *B)``.
        betas: the partition, strictly increasing from 0 to 1.
        side: ``"left"`` or ``"right"``: where each interval reads the curve.

    Returns:
        The sum, ``(*B)``. Biased, like IWAE; each term's bias and variance fall as 1/K.

    Raises:
        ValueError: betas do not climb from 0 to 1; an unknown side; ``log_w`` as in ``iwae``.

    Source: Masrani, Le and Wood, "The thermodynamic variational objective", NeurIPS 2019.

    >>> log_w = torch.tensor([0.25, 0.75]).log()
    >>> thermodynamic(log_w, (0.0, 1.0)), elbo(log_w)
    (tensor(-0.8370), tensor(-0.8370))
    >>> bool(thermodynamic(log_w, (0.0, 0.5, 1.0)) < iwae(log_w) < thermodynamic(log_w, (0.0, 0.5, 1.0), side="right"))
    True
    """
    _check(log_w)
    grid = [float(beta) for beta in betas]
    if (
        len(grid) < 2
        or grid[0] != 0.0
        or grid[-1] != 1.0
        or any(not low < high for low, high in zip(grid, grid[1:], strict=False))
    ):
        raise ValueError(
            f"betas is {grid}; expected numbers that climb strictly from 0 to 1, both included"
        )
    if side not in ("left", "right"):
        raise ValueError(f"side is {side!r}; expected 'left' or 'right'")
    total = torch.zeros_like(log_w[0])
    for low, high in zip(grid, grid[1:], strict=False):
        total = total + (high - low) * _tempered_mean(log_w, low if side == "left" else high)
    return total


def _tempered_mean(log_w: Tensor, beta: float) -> Tensor:
    """The mean of the log weights under the normalized w^beta; a weight of zero counts nothing unless beta is 0."""
    if beta == 0.0:
        return log_w.mean(0)
    normalized = (beta * log_w).softmax(0)
    return (normalized * torch.where(normalized > 0, log_w, torch.zeros_like(log_w))).sum(0)


@lru_cache(maxsize=32)
def _subsets(size: int, chosen: int) -> np.ndarray:
    return np.array(list(combinations(range(size), chosen)))


def _check(log_w: Tensor) -> None:
    if not isinstance(log_w, Tensor):
        raise TypeError(
            f"log_w is a {type(log_w).__name__}; expected a torch.Tensor of shape (K, *B)"
        )
    if log_w.dim() == 0 or log_w.shape[0] == 0:
        raise ValueError(
            f"log_w has shape {tuple(log_w.shape)}; expected (K, *B) with at least one sample"
        )
