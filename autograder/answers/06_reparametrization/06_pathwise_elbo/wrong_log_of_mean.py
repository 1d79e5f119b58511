"""diagnosis: log_of_mean"""
import math

import torch
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))
