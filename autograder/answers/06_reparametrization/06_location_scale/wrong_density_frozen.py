"""diagnosis: density_detached"""
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
