import math

import torch
from torch.distributions import Independent, Normal, kl_divergence


def both(loc, log_scale, x):
    v = (2 * log_scale).exp()
    elbo = (
        -0.5 * (loc**2 + v)
        - 0.5 * ((x - loc) ** 2 + v)
        + log_scale
        + 0.5
        - 0.5 * math.log(2 * math.pi)
    )
    half = torch.full_like(x, 0.5**0.5)
    return elbo.sum(-1), kl_divergence(
        Independent(Normal(loc, log_scale.exp()), 1), Independent(Normal(x / 2, half), 1)
    )


# %% right stacked: Both in one tensor.
def elbo_and_gap(loc, log_scale, x):
    return torch.stack(both(loc, log_scale, x))


# %% right list: A list of two.
def elbo_and_gap(loc, log_scale, x):
    return list(both(loc, log_scale, x))


# %% wrong evidence_scale: The gap is log N(x; 0, standard deviation 2) minus the ELBO.
# not told: constant is lost
def elbo_and_gap(loc, log_scale, x):
    elbo, _ = both(loc, log_scale, x)
    return elbo, Normal(0.0, 2.0).log_prob(x).sum(-1) - elbo


# %% wrong squeezed: The results are squeezed, so a batch axis of size one is lost.
def elbo_and_gap(loc, log_scale, x):
    s2, half = (2 * log_scale).exp(), 0.5 * math.log(2 * math.pi)
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5 - half).sum(-1)
    gap = (s2 + (loc - x / 2) ** 2 - log_scale - 0.5 - 0.5 * math.log(2)).sum(-1)
    return elbo.squeeze(), gap.squeeze()
