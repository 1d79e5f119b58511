r"""Stochastic variational inference: CAVI from minibatches, as steps along the natural gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.learning.cavi import (
    MixtureFactors,
    first_responsibilities,
    mixture_elbo,
    responsibilities,
)
from course_vi.models.tractable.bayesian_gaussian_mixture import BayesianGaussianMixture

__all__ = ["NaturalGradientSVI", "natural_gradient_svi", "robbins_monro"]


class NaturalGradientSVI(NamedTuple):
    """The factors found (responsibilities of all the data under them), and the ELBO at the steps that were asked for, ``(records,)``."""

    factors: MixtureFactors
    elbo: Tensor


def robbins_monro(delay: float = 1.0, forgetting: float = 0.7) -> Callable[[int], float]:
    r"""Step sizes :math:`\rho_t = (t + \text{delay})^{-\kappa}`, whose sum is infinite and whose squares have a finite one.

    >>> robbins_monro(1.0, 1.0)(3)
    0.25
    """
    if not (delay >= 0 and 0.5 < forgetting <= 1):
        raise ValueError(
            f"delay is {delay} and forgetting is {forgetting}; expected delay >= 0 and 0.5 < forgetting <= 1, so that the "
            "steps can reach any point and their noise dies out"
        )
    return lambda t: float((t + delay) ** -forgetting) if t + delay > 0 else 1.0


def _constant(rate: float, t: int) -> float:
    return float(rate)


def natural_gradient_svi(
    p: BayesianGaussianMixture,
    x: Tensor,
    steps: int = 1000,
    batch_size: int | None = None,
    rate: float | Callable[[int], float] | None = None,
    start: Tensor | None = None,
    generator: torch.Generator | None = None,
    record_every: int | None = None,
) -> NaturalGradientSVI:
    r"""Move the global factors towards what a minibatch, repeated N/B times, would make of them.

    .. math:: \eta \leftarrow (1 - \rho_t)\, \eta + \rho_t \Big(\eta_0 + \frac{N}{B} \sum_{n \in \text{batch}} \mathbb E_q s(x_n, z_n)\Big)

    with the labels of the batch at their best for the present :math:`\eta`. In a conjugate exponential family the natural gradient
    (the gradient of the ELBO times the inverse Fisher information of q) is just the bracket minus :math:`\eta`: no Fisher
    matrix is ever formed, and the step is unbiased for any batch. With all the data and step 1 it *is* CAVI.

    Args:
        p: a Bayesian mixture.
        x: all the data, ``(N, d)``; minibatches of ``batch_size`` rows are drawn from them without replacement (all, without it).
        steps: how many.
        rate: :math:`\rho`, a number, or a function of t = 0, 1, ...; ``robbins_monro()`` without it.
        start, generator: as in ``cavi``; the generator draws the minibatches too.
        record_every: keep the ELBO on all the data every so many steps; it costs a pass over them. Only at the end without it.

    Raises:
        ValueError: a step size outside (0, 1], a batch larger than the data, NaN in x.

    Source: Hoffman, Blei, Wang and Paisley, "Stochastic variational inference", JMLR 2013.

    >>> x = torch.tensor([[-2.0], [-2.2], [3.0], [3.1]])
    >>> model = BayesianGaussianMixture(4, 2, torch.zeros(1), torch.eye(1))
    >>> found = natural_gradient_svi(model, x, steps=50, batch_size=2, generator=torch.Generator().manual_seed(0))
    >>> found.factors.responsibilities.shape
    torch.Size([4, 2])
    """
    validate.positive_integer("steps", steps)
    p.same_place("x", x)
    size = len(x) if batch_size is None else batch_size
    validate.positive_integer("batch_size", size)
    if size > len(x):
        raise ValueError(f"batch_size is {size}; expected at most {len(x)}, the number of data")
    schedule: Callable[[int], float] = (
        robbins_monro() if rate is None else rate if callable(rate) else partial(_constant, rate)
    )
    trace: list[Tensor] = []
    with torch.no_grad():
        r = first_responsibilities(p, x, start, generator)
        alpha, clusters = p.weight_prior() + r.sum(0), p.cluster_prior().plus(r, x)
        for t in range(steps):
            step = schedule(t)
            if not 0 < step <= 1:
                raise ValueError(
                    f"rate is {step} at step {t}; expected a number above 0 and at most 1"
                )
            rows = (
                x
                if size == len(x)
                else x[torch.randperm(len(x), generator=generator, device=x.device)[:size]]
            )
            copies = responsibilities(alpha, clusters, rows) * (len(x) / size)
            alpha = (1 - step) * alpha + step * (p.weight_prior() + copies.sum(0))
            clusters = clusters.blend(p.cluster_prior().plus(copies, rows), step)
            if t + 1 == steps or (record_every is not None and (t + 1) % record_every == 0):
                q = MixtureFactors(alpha, clusters, responsibilities(alpha, clusters, x))
                trace.append(mixture_elbo(p, q, x))
    return NaturalGradientSVI(q, torch.stack(trace))
