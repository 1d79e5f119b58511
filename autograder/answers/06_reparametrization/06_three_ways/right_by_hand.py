"""Idiom: formulas written out."""
import math

import torch


def elbo_three_ways(p, loc, log_scale, x, eps):
    scale = log_scale.exp()
    z = loc + scale * eps
    log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    log_p = p.log_joint(x, z)
    entropy = 0.5 * torch.log(2 * math.pi * math.e * scale**2).sum(-1)
    kl = 0.5 * (scale**2 + loc**2 - 1 - torch.log(scale**2)).sum(-1)
    like = p.log_factors(x, z)["likelihood"]
    return torch.stack([torch.mean(log_p - log_q, 0), torch.mean(log_p, 0) + entropy, torch.mean(like, 0) - kl])
