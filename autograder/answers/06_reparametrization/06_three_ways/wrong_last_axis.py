"""diagnosis: not_stacked"""
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().sum(-1), kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return torch.stack(rows, -1)
