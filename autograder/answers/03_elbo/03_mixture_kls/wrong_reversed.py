"""diagnosis: reversed"""
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    p = MixtureSameFamily(Categorical(weights), Normal(means, scales), validate_args=False)
    q = Normal(loc, scale)
    widest = torch.cat([scales, scale.reshape(1)]).max()
    z = torch.linspace(-40, 40, 200001, dtype=torch.float64) * widest
    lp, lq = p.log_prob(z), q.log_prob(z)
    return torch.trapezoid(lq.exp() * (lq - lp), z), torch.trapezoid(lp.exp() * (lp - lq), z)
