"""diagnosis: own_noise"""
from torch.distributions import Normal


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Normal(loc, log_scale.exp())
    z = q.rsample((len(eps),))
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
