"""diagnosis: score_sign"""
from torch.distributions import Normal


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    live = Normal(loc, log_scale.exp())
    frozen = Normal(loc.detach(), log_scale.exp().detach())
    log_q = 2 * frozen.log_prob(z) - live.log_prob(z)
    return (p.log_joint(x, z) - log_q.sum(-1)).mean(0)
