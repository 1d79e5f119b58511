r"""The score function: differentiate the probability of the sample, not the sample."""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi import expect
from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.common import Bound, as_surrogate, first_weights, is_linear, log_joint, sample, weighted_sum
from course_vi.models.base import Model

__all__ = ["score_function"]


def score_function(p: Model, q: Family, x: Tensor, num_samples: int = 1, bound: Bound = elbo,
                   generator: torch.Generator | None = None, noise: Tensor | None = None, baseline: str = "none") -> Tensor:
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
        baseline: ``"none"``, or ``"leave_one_out"`` (b_k is the mean of the *other* log weights; linear bounds only).

    Returns:
        ``(*B)``: its value is the bound, its gradient is the estimate.

    Raises:
        ValueError: an unknown baseline; leave-one-out with one sample, or with a bound that is not linear.

    Source: Williams, "Simple statistical gradient-following algorithms", 1992; Ranganath, Gerrish and Blei, AISTATS 2014;
    Kool, van Hoof and Welling, "Buy 4 REINFORCE samples, get a baseline for free!", 2019.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> score_function(ConjugateToy(), MeanField(1), torch.tensor([2.0]), num_samples=4, baseline="leave_one_out").shape
    torch.Size([])
    """
    expect.one_of("baseline", baseline, ("none", "leave_one_out"))
    linear = is_linear(bound, num_samples)
    if baseline == "leave_one_out" and (num_samples < 2 or not linear):
        raise ValueError(f"baseline is 'leave_one_out' with num_samples = {num_samples}; expected two samples or more and a bound "
                         "that is linear in the log weights: there is no other sample to leave in, or the samples share one reward")
    density, z = sample(p, q, x, num_samples, bound, generator, noise)
    log_q = density.log_prob(z)
    log_w = log_joint(p, x, z) - log_q
    first = first_weights(bound, log_w)
    reward = first * log_w.detach() if linear else bound(log_w.detach()).expand_as(log_w)
    if baseline == "leave_one_out":
        others = (log_w.detach().sum(0) - log_w.detach()) / (num_samples - 1)
        reward = reward - first * others
    # For phi, first * log_w contributes -first * score: mean zero for a linear bound, a needed term for any other.
    direct = weighted_sum(first, log_w + log_q if linear else log_w)
    return as_surrogate(bound(log_w), (reward * log_q).sum(0) + direct)
