"""diagnosis: entropy_dropped"""
from torch.distributions import Normal


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)).mean(0)
