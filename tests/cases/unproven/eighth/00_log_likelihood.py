import math

import torch
from torch import Tensor

# %% right one_coordinate_at_a_time: a running total over the coordinates, each a scalar torch.distributions.Normal, with unbind on the last axis
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    total = z.new_zeros(z.shape[:-1])
    for datum, latent, s in zip(x.unbind(-1), z.unbind(-1), log_scale.unbind(-1)):
        total = total + torch.distributions.Normal(latent, s.exp(), validate_args=False).log_prob(datum)
    return total

# %% wrong interleaved_pairing: repeats every datum K times in a row and reshapes to (K, *B, D); this lays the copies along the wrong axis (repeat_interleave for repeat), right only without a batch
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    K, D = z.shape[0], z.shape[-1]
    copies = x.reshape(-1, D).repeat_interleave(K, 0).reshape(z.shape)
    r = (copies - z) / log_scale.exp()
    return (-0.5 * r ** 2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong log_of_product: multiplies the coordinates' densities and takes the logarithm at the end, which underflows in many dimensions or far from the mean
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    sigma = log_scale.exp()
    density = torch.exp(-0.5 * ((x - z) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    return density.prod(-1).log()

# %% wrong clamped_scale: clamps log_scale to (-5, 2), a habit from other people's code against exploding scales; another density outside of that range
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    log_scale = log_scale.clamp(-5.0, 2.0)
    r = (x - z) * torch.exp(-log_scale)
    return -0.5 * (r ** 2).sum(-1) - log_scale.sum() - 0.5 * z.shape[-1] * math.log(2 * math.pi)

# %% wrong dimension_from_first_axis: counts the coordinates for the constant by x.shape[0] (len of one datum), which is the number of data as soon as there is a batch
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    D = len(x)
    quadratic = torch.einsum("...d,d->...", (x - z) ** 2, torch.exp(-2 * log_scale))
    return -0.5 * (quadratic + D * math.log(2 * math.pi)) - log_scale.sum()
