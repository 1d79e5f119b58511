"""diagnosis: own_noise"""
import torch
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * torch.randn_like(eps)
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)
