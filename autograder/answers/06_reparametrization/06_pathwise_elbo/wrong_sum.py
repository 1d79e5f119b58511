"""diagnosis: sum_over_samples"""
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).sum(0)
