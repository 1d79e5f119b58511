"""Idiom: torch.distributions, a grid for each density, refined around every component."""
import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    p = MixtureSameFamily(Categorical(probs=weights), Normal(means, scales), validate_args=False)
    q = Normal(loc, scale, validate_args=False)
    t = torch.linspace(-12, 12, 1201, dtype=torch.float64)
    every = torch.cat([(m + s * t) for m, s in zip([*means, loc], [*scales, scale])])
    z = torch.unique(every)
    mid = [z]
    for _ in range(2):                                            # halve the panels twice
        z = torch.cat([z, (z[1:] + z[:-1]) / 2]).sort().values
    log_p, log_q = p.log_prob(z), q.log_prob(z)

    def integrate(f):
        return torch.trapezoid(f, z)

    def refined(f_of):                                            # Richardson: cancels the h^2 error of uneven panels
        fine = integrate(f_of)
        coarse = torch.trapezoid(f_of[::2], z[::2])
        return fine + (fine - coarse) / 3

    return refined(log_p.exp() * (log_p - log_q)), refined(log_q.exp() * (log_q - log_p))
