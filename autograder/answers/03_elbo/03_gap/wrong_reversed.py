"""diagnosis: reversed"""
from torch.distributions import Normal, kl_divergence


def elbo_and_gap(loc, log_scale, x):
    q, posterior = Normal(loc, log_scale.exp()), Normal(x / 2, 0.5**0.5)
    evidence = Normal(0.0 * x, 2**0.5).log_prob(x).sum(-1)
    gap = kl_divergence(posterior, q).sum(-1)
    return evidence - gap, gap
