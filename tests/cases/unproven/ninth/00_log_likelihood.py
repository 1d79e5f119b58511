import math

import torch
from torch import Tensor

# %% wrong constant_from_the_hint: copies 0.9189 from the hint instead of computing half the logarithm of two pi, so only four digits are right
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    u = (x - z) / log_scale.exp()
    return (-0.5 * u.square() - log_scale - 0.9189).sum(-1)


# %% wrong variance_floor: adds 1e-6 to the variance for stability, as in network code, which is another density when a scale is small
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    variance = (2 * log_scale).exp() + 1e-6
    return (-0.5 * (x - z).square() / variance - 0.5 * variance.log() - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong interleaved_copies: flattens samples and data and copies each datum K times in a row, which pairs data with samples of another datum's latent (repeat and repeat_interleave confused)
def log_likelihood(x: Tensor, z: Tensor, log_scale: Tensor) -> Tensor:
    K, D = z.shape[0], z.shape[-1]
    flat_z = z.reshape(-1, D)
    flat_x = x.reshape(-1, D).repeat_interleave(K, 0)
    out = torch.distributions.Normal(flat_z, log_scale.exp()).log_prob(flat_x).sum(-1)
    return out.reshape(z.shape[:-1])
