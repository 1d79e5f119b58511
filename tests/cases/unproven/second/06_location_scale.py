import math

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

HALF = 0.5 * math.log(2 * math.pi)


# %% right from_noise: the density by the noise and the Jacobian
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    z = torch.addcmul(loc, log_scale.exp(), eps)
    return z, -(0.5 * eps**2 + HALF).sum(-1) - log_scale.sum(-1)


# %% right at_the_sample: torch's normal at the sample, all attached; a list
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    z = loc + eps * torch.exp(log_scale)
    return [z, Independent(Normal(loc, log_scale.exp()), 1).log_prob(z)]


# %% right vmapped: one sample, vmapped over the noise
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    def one(e):
        z = loc + log_scale.exp() * e
        r = (z - loc) * (-log_scale).exp()
        return z, (-0.5 * r * r - log_scale - HALF).sum(-1)

    return torch.vmap(one)(eps)


# %% wrong jacobian_upside_down: adds the log determinant, right for scale one
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    return loc + log_scale.exp() * eps, -(0.5 * eps**2 + HALF).sum(-1) + log_scale.sum(-1)


# %% wrong detached_at_the_sample: the density is evaluated at a detached sample: right value, gradient of the score
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    z = loc + log_scale.exp() * eps
    return z, Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)


# %% wrong frozen_density: the parameters inside the density are frozen, the sample is not
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    z = loc + log_scale.exp() * eps
    return z, Normal(loc.detach(), log_scale.exp().detach()).log_prob(z).sum(-1)


# %% wrong scale_detached: the gradient of the scale is cut in the sample
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    z = loc + log_scale.exp().detach() * eps
    return z, -(0.5 * eps**2 + HALF).sum(-1) - log_scale.sum(-1)


# %% wrong constant_once: half of log 2 pi once, right for D = 1
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    return loc + log_scale.exp() * eps, -0.5 * (eps**2).sum(-1) - HALF - log_scale.sum(-1)


# %% wrong determinant_over_batch: the log determinant is summed over all data
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    return loc + log_scale.exp() * eps, -(0.5 * eps**2 + HALF).sum(-1) - log_scale.sum()


# %% wrong clamped_scale: log scales are clamped to [-5, 2], values and gradients beyond are lost
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    log_scale = log_scale.clamp(-5, 2)
    return loc + log_scale.exp() * eps, -(0.5 * eps**2 + HALF).sum(-1) - log_scale.sum(-1)


# %% wrong eps_in_scale: adds 1e-6 to the scale
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    scale = log_scale.exp() + 1e-6
    z = loc + scale * eps
    return z, Normal(loc, scale).log_prob(z).sum(-1)


# %% wrong standardised_noise: makes the noise have mean zero and variance one over the samples
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    if eps.shape[0] > 2:
        eps = (eps - eps.mean(0)) / eps.std(0)
    return loc + log_scale.exp() * eps, -(0.5 * eps**2 + HALF).sum(-1) - log_scale.sum(-1)


# %% wrong overwrites_noise: leaves the samples in the memory of the caller's noise
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    e = eps.clone()
    z = loc + log_scale.exp() * e
    eps.copy_(z.detach())
    return z, -(0.5 * e**2 + HALF).sum(-1) - log_scale.sum(-1)


# %% wrong single_precision: the sample goes through float32
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    z = (loc.float() + log_scale.float().exp() * eps.float()).to(loc.dtype)
    return z, -(0.5 * eps**2 + HALF).sum(-1) - log_scale.sum(-1)


# %% wrong squeezed: a batch (or K) of one loses its axis in log q
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    return loc + log_scale.exp() * eps, (-(0.5 * eps**2 + HALF).sum(-1) - log_scale.sum(-1)).squeeze()


# %% wrong variance: takes log_scale for the logarithm of the variance
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    return loc + (0.5 * log_scale).exp() * eps, -(0.5 * eps**2 + HALF).sum(-1) - 0.5 * log_scale.sum(-1)


# %% wrong axis_one: sums over axis 1 where there is a batch of as many data as coordinates
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    axis = list(eps.shape).index(loc.shape[-1], 1)
    terms = -(0.5 * eps**2 + HALF) - log_scale
    return loc + log_scale.exp() * eps, terms.sum(axis)
