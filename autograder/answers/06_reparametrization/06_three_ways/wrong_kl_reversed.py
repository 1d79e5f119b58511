"""diagnosis: kl_reversed"""
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
    z = loc + q.stddev * eps
    log_p, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), log_p.mean(0) + q.entropy().sum(-1),
                        like.mean(0) - kl_divergence(prior, q).sum(-1)])
