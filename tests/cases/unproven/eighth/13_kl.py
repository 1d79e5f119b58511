import math

import torch
from torch import Tensor

# %% right three_point_quadrature: the log ratio is a quadratic in the noise, for which Gauss and Hermite's three points are exact
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    scale = torch.exp(log_scale)

    def log_ratio(eps):
        away = loc + torch.expm1(log_scale) * eps
        return 0.5 * away * (loc + scale * eps + eps) - log_scale

    root = math.sqrt(3.0)
    return sum(weight * log_ratio(eps) for eps, weight in ((-root, 1 / 6), (0.0, 2 / 3), (root, 1 / 6)))


# %% wrong a_grain_in_the_logarithm: adds 1e-8 to the variance inside the logarithm, which keeps it finite for a narrow posterior and stops it growing there
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    variance = (2 * log_scale).exp()
    return 0.5 * (loc.square() + variance - 1 - (variance + 1e-8).log())


# %% wrong shared_among_latents: computes the divergence of the whole posterior and gives every latent an equal part; the sum is right, and so is a single latent
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    each = 0.5 * (loc.square() + torch.expm1(2 * log_scale)) - log_scale
    return each.mean(-1, keepdim=True).expand_as(each).clone()


# %% wrong near_the_prior: replaces the part of the scale by its second-order term, log s squared, which is right for scales near one
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return 0.5 * loc.square() + log_scale.square()


# %% wrong half_the_log_scale: the formula for log variances with only its exponential adapted: the last term keeps its one half
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return 0.5 * (loc.square() + (2 * log_scale).exp() - 1 - log_scale)
