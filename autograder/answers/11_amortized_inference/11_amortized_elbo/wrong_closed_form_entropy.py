"""diagnosis: closed_form_entropy"""
from torch.distributions import Normal


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    return p.log_joint(x, z).mean(0) + Normal(loc, log_scale.exp()).entropy().sum(-1)
