import math
from functools import partial

import torch
from torch.distributions import Independent, Normal

HALF = 0.5 * math.log(2 * math.pi)


# %% right loop_over_samples: One draw at a time, lists stacked at the end.
def location_scale(loc, log_scale, eps):
    q = Independent(Normal(loc, log_scale.exp()), 1)
    z = [loc + log_scale.exp() * one for one in eps]
    return [torch.stack(z), torch.stack([q.log_prob(one) for one in z])]


# %% right vmap: vmap over the draws.
def location_scale(loc, log_scale, eps):
    def one(e):
        return loc + log_scale.exp() * e, (-0.5 * e**2 - HALF - log_scale).sum(-1)

    return torch.func.vmap(one)(eps)


# %% right per_datum: Datum by datum, where there are data.
def location_scale(loc, log_scale, eps):
    if loc.dim() == 1:
        return loc + log_scale.exp() * eps, (-0.5 * eps**2 - HALF - log_scale).sum(-1)
    pairs = [location_scale(m, r, eps[:, b]) for b, (m, r) in enumerate(zip(loc, log_scale))]
    return torch.stack([z for z, _ in pairs], 1), torch.stack([q for _, q in pairs], 1)


# %% wrong destroys: The noise is stretched in place.
def location_scale(loc, log_scale, eps):
    log_q = (-0.5 * eps**2 - HALF - log_scale).sum(-1)
    with torch.no_grad():
        white = eps.clone()
        eps *= log_scale.exp()
    return loc + log_scale.exp() * white, log_q


# %% wrong neighbour_z: Each datum's sample carries its neighbour's gradient.
def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    other = z.roll(1, 1) if z.dim() > 2 else z.roll(1, -1)
    return z.detach() + (other - other.detach()), (-0.5 * eps**2 - HALF - log_scale).sum(-1)


# %% wrong batch_mean_log_q: The gradient of log q is the batch's mean in every row.
def location_scale(loc, log_scale, eps):
    log_q = (-0.5 * eps**2 - HALF - log_scale).sum(-1)
    mean = log_q.mean(-1, keepdim=True)
    return loc + log_scale.exp() * eps, log_q.detach() + (mean - mean.detach())


# %% wrong scale_clamped: The scale is kept between 1e-3 and 1e3.
def location_scale(loc, log_scale, eps):
    r = log_scale.clamp(math.log(1e-3), math.log(1e3))
    return loc + r.exp() * eps, (-0.5 * eps**2 - HALF - r).sum(-1)


# %% wrong small_constant: A small constant is added to the scale.
def location_scale(loc, log_scale, eps):
    s = log_scale.exp() + 1e-4
    return loc + s * eps, (-0.5 * eps**2 - HALF - s.log()).sum(-1)


# %% wrong never_positive: A log-density above zero is cut off.
def location_scale(loc, log_scale, eps):
    return loc + log_scale.exp() * eps, (-0.5 * eps**2 - HALF - log_scale).sum(-1).clamp(max=0)


# %% wrong truncated_noise: Noise beyond three is pulled in.
def location_scale(loc, log_scale, eps):
    eps = eps.clamp(-3, 3)
    return loc + log_scale.exp() * eps, (-0.5 * eps**2 - HALF - log_scale).sum(-1)
