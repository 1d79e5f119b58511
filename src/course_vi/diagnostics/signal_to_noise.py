r"""Does a gradient point anywhere? Its mean against its noise."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi.bounds import elbo
from course_vi.diagnostics.moments import gradient_samples
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import Estimator
from course_vi.models.base import Model

__all__ = ["SignalToNoise", "ratio_to_noise", "signal_to_noise"]


class SignalToNoise(NamedTuple):
    """Signal to noise per parameter (names as in ``GradientMoments``), ``{name: tensor}``, and its standard error."""

    ratio: dict[str, Tensor]
    standard_error: dict[str, Tensor]


def signal_to_noise(
    estimator: Estimator,
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    replicates: int = 1000,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    method: str = "auto",
) -> SignalToNoise:
    r"""The size of the mean gradient in units of the noise of one estimate, entry by entry.

    .. math:: \mathrm{SNR} = \frac{|\mathbb E\, \hat g|}{\sqrt{\operatorname{Var} \hat g}}, \qquad
              \mathrm{se}^2 \approx \frac1R \Big(1 - \gamma\, \mathrm{SNR} + \frac{\kappa - 1}4 \mathrm{SNR}^2\Big)

    with the skewness (towards the mean) and the kurtosis of the estimate. For IWAE with many samples the total derivative of phi loses
    its signal as :math:`K^{-1/2}`, because the bound forgets q faster than averaging calms the noise; the doubly reparametrized one
    gains as :math:`K^{1/2}`, and so does the gradient of theta.

    Arguments: see ``gradient_samples``.

    Returns:
        ``SignalToNoise(ratio, standard_error)``. The ratio is biased upwards where the signal is weaker than its standard error,
        about :math:`R^{-1/2}`: it is never negative. A constant estimate has an infinite ratio; one that is always zero, none.

    Raises:
        ValueError: fewer than two replicates; and see ``gradient_samples``.

    Source: Rainforth et al., "Tighter variational bounds are not necessarily better", ICML 2018.

    >>> from course_vi.families import MeanField
    >>> from course_vi.gradients import reparametrized
    >>> from course_vi.models import ConjugateToy
    >>> toy, q, x = ConjugateToy(), MeanField(1), torch.tensor([2.0])
    >>> found = signal_to_noise(reparametrized, toy, q, x, replicates=50_000, generator=torch.Generator().manual_seed(0))
    >>> round(found.ratio["loc"].item(), 1)                  # at N(0, 1) the gradient of loc has mean 2 and variance 4
    1.0
    """
    if replicates < 2:
        raise ValueError(f"replicates is {replicates}; expected at least 2 to estimate a variance")
    return ratio_to_noise(
        gradient_samples(estimator, p, q, x, num_samples, replicates, bound, generator, method)
    )


def ratio_to_noise(samples: dict[str, Tensor]) -> SignalToNoise:
    """The same of gradients that were drawn already, ``{name: (R, *shape)}``, as ``gradient_samples`` gives them."""
    ratio, error = {}, {}
    for name, gradient in samples.items():
        mean, scale = gradient.mean(0), gradient.std(0)
        varies = scale > 0
        unit = torch.where(varies, scale, torch.ones_like(scale))
        always = torch.where(mean == 0, torch.zeros_like(mean), torch.full_like(mean, torch.inf))
        ratio[name] = torch.where(varies, mean.abs() / unit, always)
        standard = (gradient - mean) / unit * mean.sign()
        variance = (
            1
            - standard.pow(3).mean(0) * ratio[name]
            + (standard.pow(4).mean(0) - 1) / 4 * ratio[name].square()
        )
        error[name] = torch.where(
            varies, (variance.clamp_min(0) / len(gradient)).sqrt(), torch.zeros_like(mean)
        )
    return SignalToNoise(ratio, error)
