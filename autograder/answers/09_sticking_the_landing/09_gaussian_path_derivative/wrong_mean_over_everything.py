"""diagnosis: mean_over_batch"""
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    frozen = Normal(loc.detach(), log_scale.detach().exp())
    return (p.log_joint(x, z) - frozen.log_prob(z).sum(-1)).mean()
