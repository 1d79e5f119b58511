r"""The score function: differentiate the probability of the sample, not the sample."""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi import validate
from course_vi.bounds import elbo, iwae
from course_vi.families.base import Family
from course_vi.gradients.baselines import leave_one_out, optimal_constant, score_surrogate
from course_vi.gradients.bound_structure import (
    Bound,
    bound_name,
    first_weights,
    is_iwae,
    is_linear,
    weighted_sum,
)
from course_vi.gradients.estimator import as_surrogate, log_joint, sample
from course_vi.models.base import Model

__all__ = ["score_function", "vimco"]


def score_function(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
    baseline: str = "none",
) -> Tensor:
    r"""The log-derivative trick (REINFORCE), for any family one can sample and score.

    .. math:: \hat g_\phi = \frac1K \sum_k \big(\log w_k - b_k\big)\, \nabla_\phi \log q_\phi(z_k \mid x)
              \qquad\text{(a linear bound)}

    and for any other bound L, where every sample shares the reward,

    .. math:: \hat g_\phi = L \sum_k \nabla_\phi \log q_\phi(z_k \mid x) - \sum_k f_k \nabla_\phi \log q_\phi(z_k \mid x).

    Theta gets the gradient of the bound itself. Unbiased; its variance grows with the square of the log weights, which is why
    a baseline helps: any b that does not depend on z_k leaves the mean alone.

    Args:
        p, q, x, num_samples, bound, generator: as in ``reparametrized``; q needs no z = t(eps), only samples and a density.
        noise: the noise that the samples are made from, for families that have it; refused for the others.
        baseline: ``"none"``; ``"leave_one_out"`` (b_k is the mean of the *other* log weights); or ``"optimal_constant"`` (the
            constant of least variance for each coordinate, estimated from the *other* samples: see ``gradients.baselines``). The
            last two are for linear bounds; for IWAE there is ``vimco``. ``RunningMean`` and ``LearnedBaseline``, which have a
            memory or parameters, are estimators of their own.

    Returns:
        ``(*B)``: its value is the bound, its gradient is the estimate.

    Raises:
        ValueError: an unknown baseline; one that reads the other samples with one sample, or with a bound that is not linear.
        TypeError: ``"optimal_constant"`` for a family without distribution parameters (a flow, layers).

    Source: Williams, "Simple statistical gradient-following algorithms", 1992; Ranganath, Gerrish and Blei, AISTATS 2014;
    Kool, van Hoof and Welling, "Buy 4 REINFORCE samples, get a baseline for free!", 2019.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> score_function(ConjugateToy(), MeanField(1), torch.tensor([2.0]), num_samples=4, baseline="leave_one_out").shape
    torch.Size([])
    """
    validate.one_of("baseline", baseline, ("none", "leave_one_out", "optimal_constant"))
    linear = is_linear(bound, num_samples)
    if baseline != "none" and (num_samples < 2 or not linear):
        raise ValueError(
            f"baseline is {baseline!r} with num_samples = {num_samples}; expected two samples or more and a bound "
            "that is linear in the log weights: there is no other sample to leave in, or the samples share one reward"
        )
    if baseline == "optimal_constant" and not q.parameter_event_dims:
        raise TypeError(
            f"q is a {type(q).__name__} with baseline = 'optimal_constant'; expected a family with distribution parameters, "
            "Gaussian or discrete, or an amortized one. Use 'leave_one_out'"
        )
    density, z = sample(p, q, x, num_samples, bound, generator, noise)
    log_q = density.log_prob(z)
    log_w = log_joint(p, x, z) - log_q
    if baseline == "optimal_constant":
        first = first_weights(bound, log_w)
        rewards = num_samples * first * log_w.detach()
        return as_surrogate(
            bound(log_w), optimal_constant(q, x, z, rewards) + weighted_sum(first, log_w + log_q)
        )
    constant = leave_one_out(log_w.detach()) if baseline == "leave_one_out" else 0.0
    return score_surrogate(bound, log_w, log_q, linear, constant)


def vimco(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 5,
    bound: Bound = iwae,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    r"""The score function for the IWAE bound, each sample rewarded for what *it* adds.

    .. math:: \hat g_\phi = \sum_k \big(\hat L - \hat L_{-k}\big) \nabla_\phi \log q_\phi(z_k \mid x)
              - \sum_k \bar w_k \nabla_\phi \log q_\phi(z_k \mid x), \qquad
              \hat L_{-k} = \log \frac1K \Big(\sum_{j \ne k} w_j + \big(\textstyle\prod_{j \ne k} w_j\big)^{1/(K-1)}\Big)

    :math:`\hat L_{-k}` is the bound with :math:`w_k` replaced by the geometric mean of the others. It does not depend on
    :math:`z_k`, so the estimate is unbiased; and it is close to :math:`\hat L`, so the rewards are small, where ``score_function``
    gives every sample the whole bound. Theta gets the gradient of the bound itself.

    Args:
        p, q, x, num_samples, generator, noise: as in ``score_function``; K is at least 2.
        bound: ``iwae``, judged by its values and not by its name.

    Returns:
        ``(*B)``: its value is the bound, its gradient is the estimate.

    Raises:
        ValueError: one sample (there is no other); a bound that is not IWAE (its rewards would be another bound's).

    Source: Mnih and Rezende, "Variational inference for Monte Carlo objectives", ICML 2016.

    >>> from course_vi.families import BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> vimco(SigmoidBeliefNet((3, 2)), BernoulliMeanField(2), torch.zeros(5, 3), num_samples=4).shape
    torch.Size([5])
    """
    validate.positive_integer("num_samples", num_samples)
    if num_samples < 2:
        raise ValueError(
            f"num_samples is {num_samples}; expected two or more: the reward of a sample is measured against the others"
        )
    if not is_iwae(bound, num_samples):
        raise ValueError(
            f"bound is {bound_name(bound)}; expected bounds.iwae. For a linear bound use score_function with "
            "baseline='leave_one_out', for any other score_function or RunningMean"
        )
    density, z = sample(p, q, x, num_samples, bound, generator, noise)
    log_q = density.log_prob(z)
    log_w = log_joint(p, x, z) - log_q
    weights = log_w.detach()
    own = torch.eye(num_samples, dtype=torch.bool, device=weights.device).view(
        num_samples, num_samples, *(1,) * (weights.dim() - 1)
    )
    without = torch.where(
        own, leave_one_out(weights), weights.unsqueeze(1)
    )  # (j, k, *B): sample k replaced in column k
    reward = iwae(weights) - iwae(without)
    return as_surrogate(
        bound(log_w), (reward * log_q).sum(0) + weighted_sum(first_weights(bound, log_w), log_w)
    )
