r"""DisARM: samples of bits in opposite pairs, made from one uniform number each."""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.distributions import BernoulliVector
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import (
    Bound,
    bound_name,
    first_weights,
    is_linear,
    weighted_sum,
)
from course_vi.gradients.estimator import as_surrogate, log_joint
from course_vi.gradients.relaxations import harden, uniforms
from course_vi.models.base import Model

__all__ = ["disarm"]


def disarm(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 2,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    r"""The score function for bits, from antithetic pairs: what u and 1 - u disagree about is all that is credited.

    .. math:: z_d = [u_d > 1 - \sigma(l_d)], \quad z'_d = [1 - u_d > 1 - \sigma(l_d)], \qquad
              \hat g_d = \tfrac12 \big(\log w - \log w'\big)\, (z_d - z'_d)\, \sigma(|l_d|)

    averaged over K/2 pairs. Each of z and z' is an exact sample of q. The formula is the mean of the antithetic score function
    (ARM) over all u that lead to the same pair: a Rao-Blackwellization, so it is never noisier than that. Unbiased; a constant added to
    log p cancels, as with leave-one-out; and for pairs its variance is often the smaller, since opposite samples differ more
    than independent ones. A coordinate in which the pair agrees gets zero.

    Theta gets the gradient of the bound at all K samples. An encoder behind the logits gets its gradient by the chain rule.

    Args:
        p, x, bound, generator: as in ``score_function``.
        q: ``BernoulliMeanField``, or an ``Amortized`` one.
        num_samples: K, even: the first K/2 samples, then their opposites in the same order.
        noise: u, uniform on (0, 1), ``(K/2, *B, D)``; then nothing is drawn.

    Returns:
        ``(*B)``: its value is the bound (of K samples that are dependent in pairs), its gradient is the estimate.

    Raises:
        TypeError: a family other than independent bits.
        ValueError: an odd number of samples, or one; a bound that is not linear in the log weights (its samples share one reward,
            and the formula takes a difference of rewards); noise out of range.

    Source: Dong, Mnih and Tucker, "DisARM: an antithetic gradient estimator for binary latent variables", NeurIPS 2020; Yin and Zhou,
    "ARM: augment-REINFORCE-merge gradient for stochastic binary networks", ICLR 2019.

    >>> from course_vi.families import BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> disarm(SigmoidBeliefNet((3, 2)), BernoulliMeanField(2), torch.zeros(5, 3), num_samples=4).shape
    torch.Size([5])
    """
    validate.positive_integer("num_samples", num_samples)
    if num_samples % 2:
        raise ValueError(
            f"num_samples is {num_samples}; expected an even number: the samples come in antithetic pairs"
        )
    if not is_linear(bound, num_samples):
        raise ValueError(
            f"bound is {bound_name(bound)} with num_samples = {num_samples}; expected one that is linear in the log weights, "
            "such as bounds.elbo: a pair is credited with the difference of its own two rewards. For bounds.iwae use vimco"
        )
    density, uniform = uniforms(p, q, x, num_samples // 2, bound, generator, noise)
    if not isinstance(density, BernoulliVector):
        raise TypeError(
            f"q is a {type(q).__name__}; expected BernoulliMeanField or an Amortized one: only bits have opposites"
        )
    z = torch.cat([harden(density, uniform), harden(density, 1 - uniform)])
    log_p, log_q = log_joint(p, x, z), density.log_prob(z).detach()
    log_w = log_p - log_q
    first = first_weights(bound, log_w)
    (above, below), (own, opposite) = z.chunk(2), log_w.detach().unsqueeze(-1).chunk(2)
    logits = density.logits
    credit = (above - below) * logits.detach().abs().sigmoid()
    gradient = torch.where(credit != 0, 0.5 * (own - opposite) * credit, torch.zeros_like(credit))
    share = sum(first.unsqueeze(-1).chunk(2))  # of each pair in the bound: 2/K for the ELBO
    return as_surrogate(
        bound(log_w), (share * gradient * logits).sum((0, -1)) + weighted_sum(first, log_w)
    )
