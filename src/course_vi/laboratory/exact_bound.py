r"""The expected K-sample bound, exactly, in any dimension and for any K: from the moments of one weight.

A bound of the Rényi family averages powers :math:`v_k = w_k^{1-\alpha}` and takes a logarithm. The logarithm of a positive number is an
integral of exponentials, and the exponential of a sum of K independent terms is a product:

.. math:: \log a = \int_0^\infty \frac{e^{-t} - e^{-ta}}{t}\, dt, \qquad
          \mathbb E \log \frac1K \sum_k v_k = \int_{-\infty}^\infty \Big( e^{-e^u} - M(e^u / K)^K \Big)\, du, \qquad
          M(t) = \mathbb E\, e^{-tv} .

So K samples cost no more than one. And M, of one weight, is Mellin's integral over the moments of the weight,

.. math:: M(t) = \frac1{2\pi i} \int_{\kappa - i\infty}^{\kappa + i\infty} \Gamma(s)\, t^{-s}\, \mathbb E[v^{-s}]\, ds \quad (\kappa > 0),

plus one where the line runs on the other side of the pole at s = 0. Both integrands are smooth and die out at both ends, where the
trapezoid rule converges faster than any power of its step. Everything is differentiable, so the gradient is as exact as the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import loggamma
from torch import Tensor

from course_vi import validate

__all__ = ["WeightMoments", "expected_power_bound"]

DIGITS = 40.0  # what is below e^-40 of the rest is left out
STEP = 0.3  # of u: the integrand is analytic in a strip of half-width pi / 2


class WeightMoments(NamedTuple):
    """The moments of one importance weight.

    Attributes:
        log_moment: complex powers ``(N,)`` to the logarithm of E w^p, ``(N,)``, up to multiples of 2 pi i.
        mean: E log w, a number: the ELBO.
        spread: the standard deviation of log w, a plain number.
        lowest, highest: the open range of real powers whose moment is finite; it holds 0.
    """

    log_moment: Callable[[Tensor], Tensor]
    mean: Tensor
    spread: float
    lowest: float
    highest: float


def expected_power_bound(moments: WeightMoments, num_samples: int, alpha: float) -> Tensor:
    r"""The exact expectation of ``bounds.renyi`` with K samples; alpha = 0 is IWAE, alpha = 1 the ELBO.

    Args:
        moments: of one weight, in double precision.
        num_samples: K.
        alpha: any finite number.

    Returns:
        A number, differentiable in whatever the moments depend on. Its error is about 1e-11, divided by :math:`|1 - \alpha|`.

    Raises:
        TypeError, ValueError: K is no whole number of at least one, or alpha no finite number.

    Log weights N(0, 1), so that the evidence is e^{1/2}, and the ELBO 0:

    >>> normal = WeightMoments(lambda p: p * p / 2, torch.tensor(0.0, dtype=torch.float64), 1.0, -math.inf, math.inf)
    >>> [round(expected_power_bound(normal, k, 0.0).item(), 4) for k in (1, 10, 1000)]
    [0.0, 0.4263, 0.4991]
    """
    validate.positive_integer("num_samples", num_samples)
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not math.isfinite(alpha):
        raise ValueError(f"alpha is {alpha!r}; expected a finite number")
    power = 1.0 - alpha
    if num_samples == 1 or power == 0.0:
        return moments.mean
    centre = moments.mean.detach()

    def log_moment(s: Tensor) -> Tensor:  # of v over its geometric mean
        return moments.log_moment(power * s) - power * s * centre

    ends = sorted((moments.lowest / power, moments.highest / power))
    right, left = _line(-ends[0], abs(power) * moments.spread), _line(ends[1], abs(power) * moments.spread)  # fmt: skip
    u = _range(log_moment, num_samples, -ends[0], ends[1])
    y = u - math.log(num_samples)
    laplace = torch.cat(
        [1.0 + _mellin(log_moment, y[y < 0], -left), _mellin(log_moment, y[y >= 0], right)]
    ).clamp_min(0.0)
    value = STEP * (torch.exp(-u.exp()) - laplace**num_samples).sum()
    return centre + value / power


def _line(limit: float, spread: float) -> float:
    """Where the line of integration runs: halfway to the first moment that is infinite, and no further than the weights are spread."""
    return min(0.5, limit / 2, 1.0 / spread if spread > 0 else 0.5)


def _mellin(log_moment: Callable[[Tensor], Tensor], y: Tensor, line: float) -> Tensor:
    """The integral along Re s = line at t = e^y, ``(N,)``: M on the right of the pole, M - 1 on its left."""
    step = 2 * math.pi * abs(line) / DIGITS
    omega = torch.arange(0.0, 0.65 * DIGITS, step, dtype=torch.float64)
    s = torch.complex(torch.full_like(omega, line), omega)
    log_gamma = torch.from_numpy(np.asarray(loggamma(s.numpy())))
    with torch.no_grad():
        size = (log_gamma + log_moment(-s)).real
        kept = size > size.max() - DIGITS
    s, omega, log_gamma = s[kept], omega[kept], log_gamma[kept]
    terms = torch.exp(log_gamma + log_moment(-s))
    weight = torch.full_like(omega, step / math.pi)
    weight[0] /= 2
    angle = y.unsqueeze(1) * omega
    total = torch.cos(angle) @ (weight * terms.real) + torch.sin(angle) @ (weight * terms.imag)
    return torch.exp(-y * line) * total


@torch.no_grad()
def _range(
    log_moment: Callable[[Tensor], Tensor], num_samples: int, low: float, high: float
) -> Tensor:
    """The grid of u outside of which the integrand is below e^-37 of nothing: Markov's inequality, with the best of many moments."""

    def moments(limit: float, sign: int, most: float) -> tuple[Tensor, Tensor]:
        reach = min(most, 0.95 * limit)
        k = reach * torch.logspace(-4, 0, 60, dtype=torch.float64)
        return k, log_moment(sign * k.to(torch.complex128)).real

    rest, log_k = DIGITS - 3, math.log(num_samples)
    k, log_v = moments(low, -1, 20.0)
    end = log_k + float(((rest / num_samples + torch.lgamma(k) + log_v) / k).min())
    k, log_v = moments(high, +1, 1.0)
    start = float(((rest + (1 - k) * log_k + log_v) / k).min())
    return torch.arange(-max(start, rest), max(end, 4.0) + STEP, STEP, dtype=torch.float64)
