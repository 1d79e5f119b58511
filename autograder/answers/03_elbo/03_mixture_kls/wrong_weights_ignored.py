"""diagnosis: weights_ignored"""
import math

import torch
from torch.distributions import Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-40, 40, 200001, dtype=torch.float64)
    log_p = torch.logsumexp(Normal(means, scales).log_prob(z[:, None]), -1) - math.log(len(means))
    log_q = Normal(loc, scale).log_prob(z)
    return torch.trapezoid(log_p.exp() * (log_p - log_q), z), torch.trapezoid(log_q.exp() * (log_q - log_p), z)
