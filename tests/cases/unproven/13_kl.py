import math
import torch
from torch import Tensor

# %% right expm1: through expm1 of twice the log scale
def kl_to_prior(loc, log_scale):
    return 0.5 * loc.square() + 0.5 * torch.expm1(2 * log_scale) - log_scale

# %% right hermite: two Gauss-Hermite points, which is exact for a quadratic
def kl_to_prior(loc, log_scale):
    total = 0.0
    for e in (-1.0, 1.0):
        z = loc + log_scale.exp() * e
        total = total + 0.5 * (-0.5 * e * e - log_scale + 0.5 * z * z)
    return total

# %% wrong free_bits: every latent is granted a tenth of a nat
def kl_to_prior(loc, log_scale):
    return (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).clamp(min=0.1)

# %% wrong clamped: log scales are clamped to [-10, 10]
def kl_to_prior(loc, log_scale):
    r = log_scale.clamp(-10, 10)
    return 0.5 * (loc.square() + (2 * r).exp() - 1) - r

# %% wrong epsilon: an epsilon inside the logarithm of the variance
def kl_to_prior(loc, log_scale):
    v = (2 * log_scale).exp()
    return 0.5 * (loc.square() + v - 1 - (v + 1e-8).log())

# %% wrong forward: the divergence of the prior from q
def kl_to_prior(loc, log_scale):
    return log_scale + 0.5 * (1 + loc.square()) * (-2 * log_scale).exp() - 0.5

# %% wrong mean_over_data: averaged over the first batch axis, with the shape kept
def kl_to_prior(loc, log_scale):
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return kl.mean(0, keepdim=True).expand_as(kl) if kl.dim() > 1 else kl

# %% wrong log_of_scale: takes the logarithm of the standard deviation, infinite where it underflows
def kl_to_prior(loc, log_scale):
    s = log_scale.exp()
    return 0.5 * (loc**2 + s**2 - 1) - torch.log(s)

# %% wrong summed_if_batched: sums over the latents
def kl_to_prior(loc, log_scale):
    return (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).sum(-1)

# %% wrong unit_scale: forgets the variance of q, a small error for narrow q and right for none
def kl_to_prior(loc, log_scale):
    return 0.5 * loc.square() - log_scale - 0.5

# %% wrong sampled: an average of 4,096 samples
def kl_to_prior(loc, log_scale):
    e = torch.randn(4096, *loc.shape, dtype=loc.dtype)
    return (0.5 * (loc + log_scale.exp() * e).square() - 0.5 * e.square() - log_scale).mean(0)

# %% wrong absolute_log: uses the absolute value of the logarithm, wrong for scales above one
def kl_to_prior(loc, log_scale):
    return 0.5 * (loc.square() + (2 * log_scale).exp() - 1) + log_scale.abs()
