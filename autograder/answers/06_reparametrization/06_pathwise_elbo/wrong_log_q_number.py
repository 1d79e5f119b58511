"""diagnosis: entropy_dropped"""
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1).detach()).mean(0)
