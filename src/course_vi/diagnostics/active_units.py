r"""Which latents say anything about the data?"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.distributions import HasMean
from course_vi.families.base import Family

__all__ = ["ActiveUnits", "active_units"]


class ActiveUnits(NamedTuple):
    """Activity of each latent, ``(D,)``, and whether it exceeds the threshold, ``(D,)``."""

    activity: Tensor
    active: Tensor

    @property
    def number(self) -> int:
        return int(self.active.sum())


@torch.no_grad()
def active_units(q: Family, x: Tensor, threshold: float = 0.01) -> ActiveUnits:
    r"""The latents whose posterior mean moves with the datum; the others have collapsed onto the prior, or onto a constant.

    .. math:: A_d = \operatorname{Var}_{x}\big(\mathbb E_{q(z \mid x)}[z_d]\big), \qquad d \text{ is active if } A_d > \text{threshold}

    The variance over the rows is the unbiased one (N - 1); nothing is sampled.

    Args:
        q: an amortized family whose distribution knows its mean (Gaussian or discrete; a flow does not).
        x: data, ``(N, Dx)``, with at least two rows.
        threshold: 0.01 by custom: activities are mostly far above or far below it.

    Raises:
        TypeError: the mean of q has no formula.
        ValueError: x has fewer than two rows or is not finite; a negative threshold; or a family that reads no datum.

    Source: Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016.

    >>> from torch import nn
    >>> from course_vi.families import Amortized, MeanField
    >>> encoder = nn.Linear(1, 4)                             # two means, two log scales
    >>> _ = nn.init.zeros_(encoder.weight)
    >>> with torch.no_grad(): _ = encoder.weight[0].fill_(0.5)
    >>> found = active_units(Amortized(MeanField(2), encoder), torch.tensor([[-1.0], [0.0], [1.0]]))
    >>> found.activity, found.number
    (tensor([0.2500, 0.0000]), 1)
    """
    validate.instance("x", x, Tensor)
    if x.dim() != 2 or x.shape[0] < 2:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (N, Dx) with at least two rows: activity is a variance over data"
        )
    validate.finite("x", x)
    if not threshold >= 0:
        raise ValueError(f"threshold is {threshold}; expected zero or a positive number")
    density = q.distribution(x)
    if not isinstance(density, HasMean):
        raise TypeError(
            f"q is a {type(q).__name__}, whose mean has no formula; expected a Gaussian or discrete family"
        )
    mean = density.mean
    if mean.shape != (x.shape[0], q.dim):
        raise ValueError(
            f"q gave means of shape {tuple(mean.shape)}; expected {(x.shape[0], q.dim)}: a family that reads each datum"
        )
    activity = mean.var(0)
    return ActiveUnits(activity, activity > threshold)
