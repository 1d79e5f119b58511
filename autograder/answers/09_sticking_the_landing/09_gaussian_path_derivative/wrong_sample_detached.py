"""diagnosis: sample_detached"""
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = (loc + log_scale.exp() * eps).detach()
    q = Normal(loc.detach(), log_scale.detach().exp())
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
