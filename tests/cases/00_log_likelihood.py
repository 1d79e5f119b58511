import math

import numpy as np
import torch

HALF = 0.5 * math.log(2 * math.pi)


# %% right loop_over_samples: One sample at a time.
def log_likelihood(x, z, log_scale):
    return torch.stack(
        [torch.distributions.Normal(one, log_scale.exp()).log_prob(x).sum(-1) for one in z]
    )


# %% right multivariate: The density of a multivariate normal with a diagonal covariance.
def log_likelihood(x, z, log_scale):
    return torch.distributions.MultivariateNormal(z, torch.diag((2 * log_scale).exp())).log_prob(x)


# %% right numpy: All in NumPy.
def log_likelihood(x, z, log_scale):
    x, z, s = (np.asarray(v.detach()) for v in (x, z, log_scale))
    return torch.as_tensor((-0.5 * ((x - z) / np.exp(s)) ** 2 - s - HALF).sum(-1))


# %% wrong destroys: The difference is formed inside the caller's z.
def log_likelihood(x, z, log_scale):
    z -= x
    return (-0.5 * (z / log_scale.exp()) ** 2 - log_scale - HALF).sum(-1)


# %% wrong scale_clamped: Scales below 1e-3 or above 1e3 are clamped.
# not told: you took it for the variance
def log_likelihood(x, z, log_scale):
    scale = log_scale.exp().clamp(1e-3, 1e3)
    return (-0.5 * ((x - z) / scale) ** 2 - scale.log() - HALF).sum(-1)


# %% wrong small_constant: A small constant under the variance.
# not told: you took it for the variance
def log_likelihood(x, z, log_scale):
    variance = (2 * log_scale).exp() + 1e-6
    return (-0.5 * (x - z) ** 2 / variance - 0.5 * variance.log() - HALF).sum(-1)


# %% wrong never_positive: "A log-density cannot be positive."
def log_likelihood(x, z, log_scale):
    return (-0.5 * ((x - z) / log_scale.exp()) ** 2 - log_scale - HALF).sum(-1).clamp(max=0)


# %% wrong log_density_floor: Log-densities below -1000 are cut off.
def log_likelihood(x, z, log_scale):
    return (-0.5 * ((x - z) / log_scale.exp()) ** 2 - log_scale - HALF).sum(-1).clamp(min=-1000)


# %% wrong scale_as_log: The log scale stands for the scale.
def log_likelihood(x, z, log_scale):
    return (-0.5 * ((x - z) / log_scale) ** 2 - log_scale.abs().log() - HALF).sum(-1)
