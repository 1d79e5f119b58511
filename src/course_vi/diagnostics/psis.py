r"""How heavy is the tail of the importance weights? The shape of a generalized Pareto distribution fitted to the largest of them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["pareto_shape", "psis_khat"]


def psis_khat(log_w: Tensor) -> Tensor:
    r"""The Pareto k-hat of importance weights: can they be trusted, and with them q?

    The excesses of the M largest weights over the next one, :math:`M = \lceil\min(n/5, 3\sqrt n)\rceil`, are fitted by a generalized
    Pareto distribution, whose moments of order 1/k and above are infinite:

    .. math:: p(y) \propto \Big(1 + \frac{k y}{\sigma}\Big)^{-1/k - 1}

    Read k-hat below 0.5 as weights of finite variance, below about 0.7 as an estimate that still converges at a useful rate, above as
    a q that misses much of the posterior's tail. The estimate is pulled towards 0.5 as if by ten more observations, which steadies it for
    few samples (a bias that vanishes as n grows); its standard deviation is about (1 + k) / sqrt(M).

    Args:
        log_w: log weights, ``(K, *B)``, K at least 25; shifts by a constant do not matter.

    Returns:
        ``(*B)``, without a graph. Minus infinity where all weights are equal up to rounding: no tail, q is the posterior. Infinity where
        ties leave fewer than five weights above the threshold (discrete latents): there is nothing to fit.

    Raises:
        ValueError: fewer than 25 samples; NaN or plus infinity among the log weights, or nothing but minus infinity.

    Source: Vehtari, Simpson, Gelman, Yao and Gabry, "Pareto smoothed importance sampling", JMLR 2024.

    >>> u = (torch.arange(1, 10_001, dtype=torch.float64) - 0.5) / 10_000
    >>> round(psis_khat(-0.9 * torch.log(u)).item(), 1)                       # weights with the tail of k = 0.9
    0.9
    """
    if log_w.dim() == 0 or log_w.shape[0] < 25:
        raise ValueError(
            f"log_w has shape {tuple(log_w.shape)}; expected (K, *B) with at least 25 samples: their fifth is the tail"
        )
    bad = int((log_w.isnan() | (log_w == math.inf)).sum()) + int((log_w.amax(0) == -math.inf).sum())
    if bad:
        raise ValueError(
            f"log_w has {bad} entries that are NaN or plus infinity, or columns of minus infinity; expected log weights"
        )
    columns = log_w.detach().double().reshape(log_w.shape[0], -1).T
    noise = 100 * torch.finfo(log_w.dtype).eps
    found = torch.tensor(
        [_khat(column, noise * max(1.0, column.max().abs().item())) for column in columns],
        dtype=torch.float64,
    )
    return found.reshape(log_w.shape[1:]).to(log_w)


def _khat(log_w: Tensor, noise: float) -> float:
    size = log_w.shape[0]
    tail = math.ceil(min(size / 5, 3 * math.sqrt(size)))
    largest = torch.sort(log_w - log_w.max()).values
    if largest[-1] - largest[0] < noise:
        return -math.inf
    excess = largest[-tail:].exp() - largest[-tail - 1].exp()
    excess = excess[excess > 0]
    if len(excess) < 5:
        return math.inf
    shape = pareto_shape(excess)
    return (len(excess) * shape + 10 * 0.5) / (len(excess) + 10)


def pareto_shape(excess: Tensor) -> float:
    r"""The shape k of a generalized Pareto distribution that starts at zero, from a sorted sample of it, ``(n,)``.

    With :math:`b = -k / \sigma` the likelihood is largest over k at k(b), which leaves the profile l(b):

    .. math:: k(b) = \frac1n \sum_i \log(1 - b y_i), \qquad \ell(b) = n \big(\log(-b / k(b)) - k(b) - 1\big).

    The estimate is k at the mean of b under the weights :math:`e^{\ell(b)}` on a grid: nearly as efficient as maximum likelihood, and
    it always exists. Its variance is about (1 + k)^2 / n.

    Source: Zhang and Stephens, "A new and efficient estimation method for the generalized Pareto distribution", 2009.
    """
    size = len(excess)
    grid = 30 + int(math.sqrt(size))
    quartile = excess[int(size / 4 + 0.5) - 1]
    steps = torch.arange(1, grid + 1, dtype=excess.dtype)
    b = 1 / excess[-1] + (1 - (grid / (steps - 0.5)).sqrt()) / (3 * quartile)
    k = torch.log1p(-b.unsqueeze(-1) * excess).mean(-1)
    profile = size * ((-b / k).log() - k - 1)
    best = (profile.softmax(0) * b).sum()
    return torch.log1p(-best * excess).mean().item()
