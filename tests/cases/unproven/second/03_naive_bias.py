import math

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence


# %% right by_hand: minus the gradient of the ELBO
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return 2 * loc - x, torch.expm1(2 * log_scale + math.log(2))


# %% right by_autograd: differentiates the exact gap, which falls as the ELBO climbs
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        m, l = (t.detach().clone().requires_grad_() for t in (loc, log_scale))
        gap = kl_divergence(Normal(m, l.exp()), Normal(x.detach() / 2, math.sqrt(0.5)))
        return torch.autograd.grad(gap.sum(), (m, l))


# %% right list_of_two: from the two forces, as a list
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    s = log_scale.exp()
    return [0 - ((x - loc) - loc), 0 - (1 - s * s - s * s)]


# %% wrong the_gradient: the gradient of the ELBO, with the opposite sign
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return x - 2 * loc, 1 - 2 * (2 * log_scale).exp()


# %% wrong in_s: the second bias is that of s, not of log s; right where s = 1
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    s = log_scale.exp()
    return 2 * loc - x, 2 * s - 1 / s


# %% wrong without_prior: keeps the likelihood and drops the prior
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return loc - x, (2 * log_scale).exp() - 1


# %% wrong prior_for_loc_only: log_scale lacks the prior's share
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return 2 * loc - x, (2 * log_scale).exp() - 1


# %% wrong without_entropy: the one of the entropy is missing
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return 2 * loc - x, 2 * (2 * log_scale).exp()


# %% wrong not_squared: s in place of its square
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return 2 * loc - x, 2 * log_scale.exp() - 1


# %% wrong half_distance: the distance to the posterior mean, without its precision of two
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return loc - x / 2, 2 * (2 * log_scale).exp() - 1


# %% wrong summed_over_coordinates: every coordinate gets the sum of all of them
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    b = (2 * (2 * log_scale).exp() - 1).sum(-1, keepdim=True)
    return 2 * loc - x, b.expand_as(log_scale)


# %% wrong gradient_of_the_mean: differentiates the mean of the ELBO over the batch, smaller by the number of data
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        m, l = (t.detach().clone().requires_grad_() for t in (loc, log_scale))
        gap = kl_divergence(Normal(m, l.exp()), Normal(x / 2, math.sqrt(0.5))).sum(-1)
        return torch.autograd.grad(gap.mean(), (m, l))


# %% wrong reverse_direction: the gradient of KL(posterior || q)
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    v = (2 * log_scale).exp()
    return (loc - x / 2) / v, 1 - (0.5 + (loc - x / 2) ** 2) / v


# %% wrong measured: the bias estimated from twenty thousand pathwise gradients
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    s = log_scale.exp()
    e = torch.randn((20_000, *loc.shape), generator=torch.Generator().manual_seed(0), dtype=loc.dtype)
    slope = x - 2 * (loc + s * e)
    return -slope.mean(0), -(slope * s * e).mean(0) - 1


# %% wrong one_sided_difference: a one-sided difference of the exact ELBO with step 1e-3
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    gap = lambda m, l: kl_divergence(Normal(m, l.exp()), Normal(x / 2, math.sqrt(0.5)))
    h, here = 1e-3, gap(loc, log_scale)
    return (gap(loc + h, log_scale) - here) / h, (gap(loc, log_scale + h) - here) / h


# %% wrong clamped_scale: log scales are clamped to [-3, 2]
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return 2 * loc - x, 2 * (2 * log_scale.clamp(-3, 2)).exp() - 1


# %% wrong single_precision: computes in float32
def naive_bias(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return (2 * loc.float() - x.float()).double(), (2 * (2 * log_scale.float()).exp() - 1).double()
