"""diagnosis: negative"""
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + log_scale.exp() * eps
    return (q.log_prob(z).sum(-1) - p.log_joint(x, z)).mean(0)
