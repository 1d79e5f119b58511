"""Idiom: torch.distributions."""
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = q.mean + q.stddev * eps
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
