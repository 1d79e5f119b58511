"""diagnosis: entropy_sign"""
import math

from torch.distributions import Normal


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    log_joint = -0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) - math.log(2 * math.pi)
    elbo = (log_joint - Normal(loc, log_scale.exp()).entropy()).sum(-1)
    return elbo, Normal(0.0 * x, 2**0.5).log_prob(x).sum(-1) - elbo
