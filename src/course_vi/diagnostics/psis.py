r"""How heavy is the tail of the importance weights? A generalized Pareto distribution, fitted to the largest, says so, and smooths them."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["ParetoSmoothed", "pareto_shape", "pareto_smoothed", "pareto_tail", "psis_khat"]


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
    columns, noise = _columns(log_w)
    found = torch.tensor([_smoothed(column, noise).khat for column in columns], dtype=torch.float64)
    return found.reshape(log_w.shape[1:]).to(log_w)


class ParetoSmoothed(NamedTuple):
    r"""Importance weights whose tail was replaced by the quantiles of the distribution fitted to it; all without a graph.

    Attributes:
        log_weights: normalized, ``(K, *B)``: their exponentials add up to one.
        khat: as ``psis_khat`` gives it, ``(*B)``.
        effective_sample_size: :math:`1 / \sum_k \bar w_k^2`, ``(*B)``.
        log_evidence: the logarithm of the mean smoothed weight, ``(*B)``. Smoothing trades variance for a bias that vanishes as K grows.
        standard_error: of ``log_evidence``, ``(*B)``, by the delta method; it says nothing where khat is above 0.7.
        discrete: where at most half of the tail's weights are different numbers, ``(*B)``: latents are discrete, and khat measures ties.
    """

    log_weights: Tensor
    khat: Tensor
    effective_sample_size: Tensor
    log_evidence: Tensor
    standard_error: Tensor
    discrete: Tensor

    def verdict(self) -> str:
        """One word for the worst of all columns: equal, discrete, good (khat up to 0.5), usable (up to 0.7) or unreliable."""
        if bool((self.khat == -math.inf).all()):
            return "equal"
        if bool(self.discrete.any()):
            return "discrete"
        worst = float(self.khat.max())
        return "good" if worst <= 0.5 else "usable" if worst <= 0.7 else "unreliable"


def pareto_smoothed(log_w: Tensor) -> ParetoSmoothed:
    r"""Pareto smoothed importance sampling: the M largest weights are moved to the quantiles of the fitted tail.

    .. math:: w_{(K - M + m)} \leftarrow w_{(K - M)} + F^{-1}\Big(\frac{m - 1/2}{M}\Big), \qquad m = 1, \dots, M,

    and none above the largest weight there was. Arguments and errors are those of ``psis_khat``; so is the source.

    >>> log_w = -0.4 * torch.log((torch.arange(1, 1_001, dtype=torch.float64) - 0.5) / 1_000)        # its mean is 1 / (1 - 0.4)
    >>> found = pareto_smoothed(log_w)
    >>> found.verdict(), round(found.log_evidence.exp().item(), 2), round(found.effective_sample_size.item())
    ('good', 1.66, 658)
    """
    columns, noise = _columns(log_w)
    found = [_smoothed(column, noise) for column in columns]

    def shaped(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64).reshape(log_w.shape[1:]).to(log_w)

    smoothed = torch.stack([part.log_w for part in found], -1).reshape(log_w.shape).to(log_w.device)
    total = smoothed.logsumexp(0)
    normalized = smoothed - total
    squares = (2 * normalized).exp().sum(0)
    return ParetoSmoothed(
        normalized.to(log_w),
        shaped([part.khat for part in found]),
        (1 / squares).to(log_w),
        (total - math.log(len(log_w))).to(log_w),
        (squares - 1 / len(log_w)).clamp_min(0).sqrt().to(log_w),
        shaped([part.discrete for part in found]).bool(),
    )


def _columns(log_w: Tensor) -> tuple[Tensor, float]:
    """The columns in double precision, ``(number, K)``, and which differences are rounding; or a refusal."""
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
    return columns, 100 * torch.finfo(log_w.dtype).eps


class _Tail(NamedTuple):
    khat: float
    log_w: Tensor
    discrete: bool


def _smoothed(log_w: Tensor, noise: float) -> _Tail:
    """One column, ``(K,)``."""
    size, most = log_w.shape[0], log_w.max()
    count = math.ceil(min(size / 5, 3 * math.sqrt(size)))
    order = torch.argsort(log_w - most, stable=True)
    largest = (log_w - most)[order]
    if largest[-1] - largest[0] < noise * max(1.0, abs(most.item())):
        return _Tail(-math.inf, log_w, False)
    threshold = largest[-count - 1].exp()
    excess = largest[-count:].exp() - threshold
    discrete = 2 * len(torch.unique(largest[-count:])) <= count
    excess = excess[excess > 0]
    count = len(excess)
    if count < 5:
        return _Tail(math.inf, log_w, discrete)
    shape, scale = pareto_tail(excess)
    level = (torch.arange(count, dtype=excess.dtype) + 0.5) / count
    khat = (count * shape + 10 * 0.5) / (count + 10)
    flat = abs(khat) < torch.finfo(excess.dtype).eps
    quantiles = scale * (
        -torch.log1p(-level) if flat else torch.expm1(-khat * torch.log1p(-level)) / khat
    )
    moved = (threshold + quantiles).log().clamp_max(0.0)
    smoothed = log_w.index_copy(0, order[-count:], moved + most)
    return _Tail(khat, smoothed, discrete)


def pareto_shape(excess: Tensor) -> float:
    """The shape k of ``pareto_tail``."""
    return pareto_tail(excess)[0]


def pareto_tail(excess: Tensor) -> tuple[float, float]:
    r"""Shape k and scale :math:`\sigma` of a generalized Pareto distribution that starts at zero, from a sorted sample of it, ``(n,)``.

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
    shape = torch.log1p(-best * excess).mean()
    return shape.item(), (-shape / best).item()
