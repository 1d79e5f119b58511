import numpy as np
import torch
from torch.distributions import Normal, kl_divergence


def kl(loc, log_scale):
    return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale


# %% right numpy: In NumPy, with expm1.
def kl_to_prior(loc, log_scale):
    m, r = np.asarray(loc.detach()), np.asarray(log_scale.detach())
    return 0.5 * (m**2 + np.expm1(2 * r)) - r


# %% right vmap_of_scalars: A function of two numbers under vmap.
def kl_to_prior(loc, log_scale):
    flat = torch.func.vmap(lambda m, r: 0.5 * (m * m + (2 * r).exp() - 1) - r)(
        loc.reshape(-1), log_scale.reshape(-1)
    )
    return flat.reshape(loc.shape)


# %% right loop: Number by number.
import math


def kl_to_prior(loc, log_scale):
    out = [
        0.5 * (m * m + math.exp(2 * r) - 1) - r
        for m, r in zip(loc.reshape(-1).tolist(), log_scale.reshape(-1).tolist())
    ]
    return torch.tensor(out, dtype=loc.dtype).reshape(loc.shape)


# %% wrong destroys: The means are squared in place.
def kl_to_prior(loc, log_scale):
    out = kl(loc, log_scale)
    with torch.no_grad():
        loc.square_()
    return out


# %% wrong wide_clamped: Log scales above five are cut off.
def kl_to_prior(loc, log_scale):
    return kl(loc, log_scale.clamp(max=5.0))


# %% wrong far_clamped: Means beyond ten are cut off.
def kl_to_prior(loc, log_scale):
    return kl(loc.clamp(-10, 10), log_scale)


# %% wrong small_constant: A small constant is added to the variance, and its logarithm taken.
# not told: minus one half
def kl_to_prior(loc, log_scale):
    v = (2 * log_scale).exp() + 1e-5
    return 0.5 * (loc**2 + v - 1 - v.log())


# %% wrong reversed: The other direction, KL(p || q).
# not told: minus one half is missing
def kl_to_prior(loc, log_scale):
    return kl_divergence(
        Normal(torch.zeros_like(loc), torch.ones_like(loc)), Normal(loc, log_scale.exp())
    )


# %% wrong mean_dropped: The mean is forgotten.
# not told: minus one half is missing
def kl_to_prior(loc, log_scale):
    return kl(torch.zeros_like(loc), log_scale)


# %% wrong quarter: The half in front of the square of the mean is applied twice.
# not told: minus one half is missing
def kl_to_prior(loc, log_scale):
    return 0.25 * loc**2 + 0.5 * ((2 * log_scale).exp() - 1) - log_scale


# %% wrong one_in_bits: The constant in bits: a half over log 2.
# not told: minus one half is missing
def kl_to_prior(loc, log_scale):
    return 0.5 * (loc**2 + (2 * log_scale).exp()) - log_scale - 0.5 / 0.6931471805599453
