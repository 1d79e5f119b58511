import math
import torch
from torch import Tensor

# %% right quadrature: three Gauss-Hermite points per coordinate, exact for quadratics
import numpy as np
def elbo_and_gap(loc, log_scale, x):
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    weights = weights / weights.sum()
    elbo = gap = 0
    half = 0.5 * math.log(2 * math.pi)
    for e, w in zip(nodes, weights):
        z = loc + log_scale.exp() * e
        log_q = -0.5 * e * e - log_scale - half
        joint = -0.5 * z * z - half - 0.5 * (x - z) ** 2 - half
        posterior = -(z - x / 2) ** 2 - half + 0.5 * math.log(2)
        elbo = elbo + w * (joint - log_q)
        gap = gap + w * (log_q - posterior)
    return elbo.sum(-1), gap.sum(-1)

# %% right library: torch's divergences; the likelihood's mean plus the divergence from the prior
def elbo_and_gap(loc, log_scale, x):
    from torch.distributions import Normal, kl_divergence
    q = Normal(loc, log_scale.exp())
    likelihood = Normal(loc, 1.0).log_prob(x) - 0.5 * q.variance
    elbo = likelihood - kl_divergence(q, Normal(torch.zeros_like(loc), 1.0))
    return elbo.sum(-1), kl_divergence(q, Normal(x / 2, math.sqrt(0.5))).sum(-1)

# %% wrong one_constant_per_datum: the constants are counted once per datum and not per coordinate
def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale).sum(-1) + 0.5 - 0.5 * math.log(2 * math.pi)
    gap = (s2 + (loc - x / 2) ** 2 - log_scale).sum(-1) - 0.5 - 0.5 * math.log(2)
    return elbo, gap

# %% wrong mean_datum: the posterior mean is that of the mean datum
def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5 - 0.5 * math.log(2 * math.pi)).sum(-1)
    centre = x.reshape(-1, x.shape[-1]).mean(0) / 2
    gap = (s2 + (loc - centre) ** 2 - log_scale - 0.5 - 0.5 * math.log(2)).sum(-1)
    return elbo, gap

# %% wrong forward_gap: the gap is the divergence of the posterior from q
def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5 - 0.5 * math.log(2 * math.pi)).sum(-1)
    gap = (0.5 * (0.5 + (loc - x / 2) ** 2) / s2 - 0.5 + log_scale + 0.5 * math.log(2)).sum(-1)
    return elbo, gap

# %% wrong one_variance: the variance of q enters the prior's term only
def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * (x - loc) ** 2 + log_scale + 0.5 - 0.5 * math.log(2 * math.pi)).sum(-1)
    gap = (s2 + (loc - x / 2) ** 2 - log_scale - 0.5 - 0.5 * math.log(2)).sum(-1)
    return elbo, gap

# %% wrong squeezed: the results are squeezed, so a batch axis of size one is lost
def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5 - 0.5 * math.log(2 * math.pi)).sum(-1)
    gap = (s2 + (loc - x / 2) ** 2 - log_scale - 0.5 - 0.5 * math.log(2)).sum(-1)
    return elbo.squeeze(), gap.squeeze()

# %% wrong scale_half: the posterior's standard deviation, not its variance, is one half, in the gap alone
def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5 - 0.5 * math.log(2 * math.pi)).sum(-1)
    gap = (2 * (s2 + (loc - x / 2) ** 2) - log_scale - 0.5 - math.log(2)).sum(-1)
    return elbo, gap

# %% wrong clamped: clamps log scales at -5, so very narrow q come out wrong
def elbo_and_gap(loc, log_scale, x):
    r = log_scale.clamp(min=-5)
    s2 = (2 * r).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + r + 0.5 - 0.5 * math.log(2 * math.pi)).sum(-1)
    gap = (s2 + (loc - x / 2) ** 2 - r - 0.5 - 0.5 * math.log(2)).sum(-1)
    return elbo, gap

# %% wrong axis_one: multiplies the constants by the size of axis 1, which is D with one batch axis only
def elbo_and_gap(loc, log_scale, x):
    s2, d = (2 * log_scale).exp(), loc.shape[min(1, loc.dim() - 1)]
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale).sum(-1) + d * (0.5 - 0.5 * math.log(2 * math.pi))
    gap = (s2 + (loc - x / 2) ** 2 - log_scale).sum(-1) - d * (0.5 + 0.5 * math.log(2))
    return elbo, gap

# %% wrong summed_shift: the squared distance of the means is the square of a sum over coordinates, right in one dimension
def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5 - 0.5 * math.log(2 * math.pi)).sum(-1)
    gap = (s2 - log_scale - 0.5 - 0.5 * math.log(2)).sum(-1) + (loc - x / 2).sum(-1) ** 2
    return elbo, gap
