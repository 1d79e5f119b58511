"""diagnosis: score_dropped"""
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    q = Normal(loc.detach(), log_scale.exp().detach())
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
