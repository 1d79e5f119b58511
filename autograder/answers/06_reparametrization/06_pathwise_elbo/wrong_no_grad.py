"""diagnosis: sample_detached"""
import torch
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    with torch.no_grad():
        z = loc + log_scale.exp() * eps
        return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)
