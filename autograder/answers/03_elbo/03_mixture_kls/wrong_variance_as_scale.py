"""diagnosis: variance_as_scale"""
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-60, 60, 300001, dtype=torch.float64)
    log_p = MixtureSameFamily(Categorical(weights), Normal(means, scales**2), validate_args=False).log_prob(z)
    log_q = Normal(loc, scale**2).log_prob(z)
    return torch.trapezoid(log_p.exp() * (log_p - log_q), z), torch.trapezoid(log_q.exp() * (log_q - log_p), z)
