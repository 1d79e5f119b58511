"""diagnosis: step_forgotten"""
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-40, 40, 200001, dtype=torch.float64)
    log_p = MixtureSameFamily(Categorical(weights), Normal(means, scales), validate_args=False).log_prob(z)
    log_q = Normal(loc, scale).log_prob(z)
    return (log_p.exp() * (log_p - log_q)).sum(), (log_q.exp() * (log_q - log_p)).sum()
