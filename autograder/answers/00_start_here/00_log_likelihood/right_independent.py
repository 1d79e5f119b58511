"""Idiom: Independent declares the event axis."""
from torch.distributions import Independent, Normal


def log_likelihood(x, z, log_scale):
    return Independent(Normal(z, log_scale.exp().expand_as(z)), 1).log_prob(x)
