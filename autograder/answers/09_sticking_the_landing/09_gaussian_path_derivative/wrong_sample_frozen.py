"""diagnosis: wrong_one_frozen"""
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)).mean(0)
