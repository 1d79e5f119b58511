import math
import torch
from torch import Tensor

# %% right torch_kl: torch's own divergence of independent normals
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    from torch.distributions import Independent, Normal, kl_divergence
    return kl_divergence(Independent(Normal(loc_q, log_scale_q.exp()), 1), Independent(Normal(loc_p, log_scale_p.exp()), 1))

# %% right expm1: through expm1 of twice the log ratio, in numpy
import numpy as np
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    a, b, c, d = (t.detach().numpy() for t in (loc_q, log_scale_q, loc_p, log_scale_p))
    r = 2 * (b - d)
    return torch.as_tensor(np.asarray(0.5 * (np.expm1(r) - r + ((a - c) * np.exp(-d)) ** 2).sum(-1)))

# %% wrong one_half_per_datum: one half is taken away per datum and not per coordinate
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    r = 2 * (log_scale_q - log_scale_p)
    return 0.5 * (r.exp() - r + (loc_q - loc_p).square() / (2 * log_scale_p).exp()).sum(-1) - 0.5

# %% wrong axis_one: counts coordinates along axis 1, which is the event only with one batch axis
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    r = 2 * (log_scale_q - log_scale_p)
    d = loc_q.shape[min(1, loc_q.dim() - 1)]
    return 0.5 * ((r.exp() - r + (loc_q - loc_p).square() / (2 * log_scale_p).exp()).sum(-1) - d)

# %% wrong epsilon: an epsilon of 1e-6 in the denominator
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    vq, vp = (2 * log_scale_q).exp(), (2 * log_scale_p).exp()
    return 0.5 * ((vq + (loc_q - loc_p) ** 2) / (vp + 1e-6) - 1 - 2 * (log_scale_q - log_scale_p)).sum(-1)

# %% wrong own_shift: the shift is measured in standard deviations of q
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    r = 2 * (log_scale_q - log_scale_p)
    return 0.5 * (r.exp() - r - 1 + (loc_q - loc_p).square() / (2 * log_scale_q).exp()).sum(-1)

# %% wrong jeffreys: half the symmetric divergence, right where the scales are equal
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    r = 2 * (log_scale_q - log_scale_p)
    d2 = (loc_q - loc_p).square()
    return 0.25 * (r.exp() + (-r).exp() - 2 + d2 * ((-2 * log_scale_p).exp() + (-2 * log_scale_q).exp())).sum(-1)

# %% wrong sampled: an average over 20,000 samples
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    eps = torch.randn(20_000, *loc_q.shape, dtype=loc_q.dtype)
    z = loc_q + log_scale_q.exp() * eps
    u = (z - loc_p) / log_scale_p.exp()
    return (0.5 * u.square() - 0.5 * eps.square() + log_scale_p - log_scale_q).sum(-1).mean(0)

# %% wrong clamped: clamps log scales to [-3, 3]
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    a, b = log_scale_q.clamp(-3, 3), log_scale_p.clamp(-3, 3)
    r = 2 * (a - b)
    return 0.5 * (r.exp() - r - 1 + (loc_q - loc_p).square() / (2 * b).exp()).sum(-1)

# %% wrong squeezed: the result is squeezed, so batch axes of size one are lost
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    r = 2 * (log_scale_q - log_scale_p)
    return 0.5 * (r.exp() - r - 1 + (loc_q - loc_p).square() / (2 * log_scale_p).exp()).sum(-1).squeeze()

# %% wrong mean_square_shift: the shift enters as the square of the summed differences, right in one dimension
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    r = 2 * (log_scale_q - log_scale_p)
    return 0.5 * ((r.exp() - r - 1).sum(-1) + ((loc_q - loc_p) / log_scale_p.exp()).sum(-1).square())
