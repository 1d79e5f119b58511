"""diagnosis: plug_in"""
from torch.distributions import Normal


def elbo_and_gap(loc, log_scale, x):
    one = Normal(0.0 * x, 1.0)
    entropy = Normal(loc, log_scale.exp()).entropy().sum(-1)
    elbo = one.log_prob(loc).sum(-1) + Normal(loc, 1.0).log_prob(x).sum(-1) + entropy
    evidence = Normal(0.0 * x, 2**0.5).log_prob(x).sum(-1)
    return elbo, evidence - elbo
