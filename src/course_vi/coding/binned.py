r"""One latent told by a bin: what the model on the bins costs, exactly, by a sum over them.

A latent with a standard normal prior is told as the number i of one of n bins, and the point :math:`z_i` stands for its bin. The model on
the bins has the prior masses :math:`P_i`, the approximate posterior's masses :math:`Q_i` and the likelihood at :math:`z_i`; its ELBO is

.. math:: \mathcal L_{\text{bins}} = \sum_i Q_i \left[\log p(x \mid z_i) + \log P_i - \log Q_i\right],

which is what bits back pays in the mean, with the sign turned. It tends to the ELBO of the density as the bins shrink.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate

__all__ = ["Bins", "binned_elbo", "equal_mass_bins", "equal_width_bins", "log_masses"]


class Bins(NamedTuple):
    """A line cut in n pieces.

    Attributes:
        edges: ``(n + 1)``, rising, from minus to plus infinity.
        points: what stands for each, ``(n)``.
    """

    edges: Tensor
    points: Tensor


def equal_width_bins(width: float, reach: float = 40.0) -> Bins:
    """Bins of one width, their middles at the whole multiples of it that lie within ``reach``; the outermost two are without end.

    >>> equal_width_bins(2.0, reach=4.0).points
    tensor([-4., -2.,  0.,  2.,  4.], dtype=torch.float64)
    """
    validate.positive_number("width", width)
    validate.positive_number("reach", reach)
    half = int(reach // width)
    points = width * torch.arange(-half, half + 1, dtype=torch.float64)
    return Bins(_open(points[:-1] + width / 2), points)


def equal_mass_bins(count: int) -> Bins:
    """Bins of equal mass under the standard normal; the median of each stands for it.

    >>> equal_mass_bins(4).edges
    tensor([   -inf, -0.6745,  0.0000,  0.6745,     inf], dtype=torch.float64)
    """
    validate.positive_integer("count", count)
    index = torch.arange(count, dtype=torch.float64)
    return Bins(
        _open(torch.special.ndtri(index[1:] / count)), torch.special.ndtri((index + 0.5) / count)
    )


def log_masses(loc: float, scale: float, edges: Tensor) -> Tensor:
    """The logarithm of what N(loc, scale^2) has in each bin, ``(n)``; right far out in the tails, too."""
    validate.positive_number("scale", scale)
    at = (edges - loc) / scale
    low, high = at[:-1], at[1:]
    mirrored = low > 0  # of upper tails the difference is taken on the other side
    low, high = torch.where(mirrored, -high, low), torch.where(mirrored, -low, high)
    upper, lower = torch.special.log_ndtr(high), torch.special.log_ndtr(low)
    return upper + torch.log(-torch.expm1(lower - upper))


def binned_elbo(
    log_likelihood: Callable[[Tensor], Tensor], loc: float, scale: float, bins: Bins
) -> float:
    """The ELBO of the model on the bins, in nats, with q = N(loc, scale^2) and a standard normal prior.

    Args:
        log_likelihood: log p(x | z) for ``z: (n)``, all of them at once.

    >>> from course_vi.coding.binned import binned_elbo, equal_width_bins
    >>> round(binned_elbo(lambda z: -0.5 * z**2, 0.0, 0.5**0.5, equal_width_bins(0.1)), 4)
    -0.3468
    """
    log_q = log_masses(loc, scale, bins.edges)
    log_p = log_masses(0.0, 1.0, bins.edges)
    mass = log_q.exp()
    terms = log_likelihood(bins.points) + log_p - log_q
    return float(torch.where(mass > 0, mass * terms, torch.zeros_like(mass)).sum())


def _open(edges: Tensor) -> Tensor:
    end = torch.full((1,), float("inf"), dtype=torch.float64)
    return torch.cat([-end, edges, end])
