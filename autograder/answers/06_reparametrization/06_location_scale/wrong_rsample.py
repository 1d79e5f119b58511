"""diagnosis: own_noise"""
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    q = Normal(loc, log_scale.exp())
    z = q.rsample(eps.shape[:1])
    return z, q.log_prob(z).sum(-1)
