"""diagnosis: sample_detached"""
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    loc, log_scale = loc.detach(), log_scale.detach()
    q = Normal(loc, log_scale.exp())
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
