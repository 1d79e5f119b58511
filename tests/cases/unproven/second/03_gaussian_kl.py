import math

import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence


# %% right library: torch's kl_divergence of two Independents
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    q, p = (Independent(Normal(m, s.exp()), 1) for m, s in ((loc_q, log_scale_q), (loc_p, log_scale_p)))
    return kl_divergence(q, p)


# %% right cross_entropy_minus_entropy: with expm1 for the scales
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    t = 2 * (log_scale_q - log_scale_p)
    shift = (loc_q - loc_p) * (-log_scale_p).exp()
    return 0.5 * torch.sum(torch.expm1(t) - t + shift * shift, -1)


# %% right coordinate_loop: a loop over coordinates
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    total = torch.zeros_like(loc_q[..., 0])
    for m, a, n, b in zip(*(t.unbind(-1) for t in (loc_q, log_scale_q, loc_p, log_scale_p))):
        total = total + b - a + (torch.exp(2 * a) + (m - n) ** 2) / (2 * torch.exp(2 * b)) - 0.5
    return total


# %% wrong half_once: subtracts one half once instead of once per coordinate
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    terms = log_scale_p - log_scale_q + ((2 * log_scale_q).exp() + (loc_q - loc_p) ** 2) / (2 * (2 * log_scale_p).exp())
    return terms.sum(-1) - 0.5


# %% wrong reversed: KL(p || q), right for equal scales
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    return kl_divergence(Normal(loc_p, log_scale_p.exp()), Normal(loc_q, log_scale_q.exp())).sum(-1)


# %% wrong shift_by_q: the shift is measured in units of q's scale
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    t = 2 * (log_scale_q - log_scale_p)
    return 0.5 * (t.exp() - 1 - t + (loc_q - loc_p) ** 2 * (-2 * log_scale_q).exp()).sum(-1)


# %% wrong symmetric: the mean of both directions
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    q, p = Normal(loc_q, log_scale_q.exp()), Normal(loc_p, log_scale_p.exp())
    return (kl_divergence(q, p) + kl_divergence(p, q)).sum(-1) / 2


# %% wrong standard_prior: the formula of the variational autoencoder, right for p = N(0, I)
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    return 0.5 * ((2 * log_scale_q).exp() + loc_q**2 - 1 - 2 * log_scale_q).sum(-1)


# %% wrong unit_prior_scale: uses the mean of p and forgets its scale
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    return 0.5 * ((2 * log_scale_q).exp() + (loc_q - loc_p) ** 2 - 1 - 2 * log_scale_q).sum(-1)


# %% wrong clamped_log_scales: log scales are clamped to [-5, 5]
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    a, b = log_scale_q.clamp(-5, 5), log_scale_p.clamp(-5, 5)
    return kl_divergence(Normal(loc_q, a.exp()), Normal(loc_p, b.exp())).sum(-1)


# %% wrong eps_in_variance: adds 1e-6 to the variance of p
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    vq, vp = (2 * log_scale_q).exp(), (2 * log_scale_p).exp() + 1e-6
    return 0.5 * ((vq + (loc_q - loc_p) ** 2) / vp - 1 + (vp / vq).log()).sum(-1)


# %% wrong axis_one: sums over axis 1, the event for one batch axis only
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    terms = kl_divergence(Normal(loc_q, log_scale_q.exp()), Normal(loc_p, log_scale_p.exp()))
    return terms.sum(min(1, terms.ndim - 1))


# %% wrong squeezed: a batch of one comes back without its axis
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    return kl_divergence(Normal(loc_q, log_scale_q.exp()), Normal(loc_p, log_scale_p.exp())).sum(-1).squeeze()


# %% wrong monte_carlo: twenty thousand samples with a fixed seed
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    g = torch.Generator().manual_seed(0)
    q, p = Normal(loc_q, log_scale_q.exp()), Normal(loc_p, log_scale_p.exp())
    z = loc_q + log_scale_q.exp() * torch.randn((20_000, *loc_q.shape), generator=g, dtype=loc_q.dtype)
    return (q.log_prob(z) - p.log_prob(z)).mean(0).sum(-1)


# %% wrong single_precision: computes in float32
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    a = [t.float() for t in (loc_q, log_scale_q, loc_p, log_scale_p)]
    return kl_divergence(Normal(a[0], a[1].exp()), Normal(a[2], a[3].exp())).sum(-1).double()


# %% wrong second_order: scales by the quadratic term of their difference, good when they are nearly equal
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    t = log_scale_q - log_scale_p
    return (t**2 + 0.5 * (loc_q - loc_p) ** 2 * (-2 * log_scale_p).exp()).sum(-1)


# %% wrong shift_of_the_sum: squares the summed shift, right for D = 1
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    t = 2 * (log_scale_q - log_scale_p)
    shift = ((loc_q - loc_p) * (-log_scale_p).exp()).sum(-1) ** 2
    return 0.5 * ((t.exp() - 1 - t).sum(-1) + shift)
