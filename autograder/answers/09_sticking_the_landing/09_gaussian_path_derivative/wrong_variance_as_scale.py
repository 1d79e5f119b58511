"""diagnosis: variance_as_scale"""
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    scale = log_scale.exp().sqrt()
    z = loc + scale * eps
    frozen = Normal(loc.detach(), scale.detach())
    return (p.log_joint(x, z) - frozen.log_prob(z).sum(-1)).mean(0)
