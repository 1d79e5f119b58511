"""Idiom: torch.distributions, and its log_prob at z."""
from torch.distributions import Independent, Normal


def recognition_sample(weight, bias, x, eps):
    dim = bias.shape[0] // 2
    out = x @ weight.T + bias
    loc, scale = out[..., :dim], out[..., dim:].exp()
    z = loc + scale * eps
    return z, Independent(Normal(loc, scale), 1).log_prob(z)
