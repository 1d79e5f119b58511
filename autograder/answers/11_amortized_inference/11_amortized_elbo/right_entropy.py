"""Idiom: the entropy in closed form would be another estimate; here its sample version, term by term."""
from torch.distributions import Independent, Normal


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Independent(Normal(loc, log_scale.exp()), 1)
    z = loc + log_scale.exp() * eps
    return p.log_joint(x, z).mean(0) - q.log_prob(z).mean(0)
