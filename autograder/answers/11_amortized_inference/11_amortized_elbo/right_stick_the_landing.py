"""Idiom: the density with detached parameters: same value, less noise."""
from torch.distributions import Independent, Normal


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    frozen = Independent(Normal(loc.detach(), log_scale.detach().exp()), 1)
    return (p.log_joint(x, z) - frozen.log_prob(z)).mean(0)
