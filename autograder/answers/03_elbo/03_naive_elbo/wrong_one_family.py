"""diagnosis: one_family"""
from torch.distributions import Normal


def naive_elbo(p, q, x, eps):
    z = (q.loc + q.log_scale.exp() * eps).detach()
    return (p.log_joint(x, z) - Normal(q.loc, q.log_scale.exp()).log_prob(z).sum(-1)).mean(0)
