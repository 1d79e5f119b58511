import math
import torch
from torch import Tensor

# %% right matrices: diagonal matrices, einsum and a log determinant
def location_scale(loc, log_scale, eps):
    root = torch.diag_embed(log_scale.exp())
    z = loc + torch.einsum("...ij,k...j->k...i", root, eps)
    log_q = -0.5 * torch.einsum("...d,...d->...", eps, eps) - 0.5 * eps.shape[-1] * math.log(2 * math.pi) - log_scale.sum(-1)
    return z, log_q

# %% right coordinate_loop: coordinate by coordinate, in python
def location_scale(loc, log_scale, eps):
    z, log_q = [], 0.0
    for d in range(eps.shape[-1]):
        e = eps[..., d]
        z.append(e * torch.exp(log_scale[..., d]) + loc[..., d])
        log_q = log_q - (e * e + math.log(2 * math.pi)) / 2 - log_scale[..., d]
    return torch.stack(z, -1), log_q

# %% wrong fixed_point: the density is taken at a detached sample, so its gradient is the score
def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, torch.distributions.Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)

# %% wrong frozen_density: the density holds its parameters fixed, so its gradient is that of the path
def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, torch.distributions.Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)

# %% wrong whole_determinant: the log determinant is summed over the data as well
def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi)).sum(-1) - log_scale.sum()

# %% wrong shared_noise: all data get the noise of the first
def location_scale(loc, log_scale, eps):
    if eps.dim() > 2:
        eps = eps[:, :1].expand_as(eps)
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) - log_scale).sum(-1)

# %% wrong constant_per_sample: the constant is counted once and not per coordinate
def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps.square() - log_scale).sum(-1) - 0.5 * math.log(2 * math.pi)

# %% wrong overwrites_noise: the caller's noise is turned into z in place
# not told: the returned values are wrong
def location_scale(loc, log_scale, eps):
    log_q = (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi)).sum(-1) - log_scale.sum(-1)
    with torch.no_grad():
        eps.mul_(log_scale.exp())
    return loc + eps + (log_scale - log_scale.detach()).exp() * eps - eps, log_q

# %% wrong centred_noise: the noise is centred over the samples first
def location_scale(loc, log_scale, eps):
    eps = eps - eps.mean(0)
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) - log_scale).sum(-1)

# %% wrong floored_scale: a floor of one hundredth under the standard deviation
def location_scale(loc, log_scale, eps):
    s = log_scale.exp().clamp(min=1e-2)
    return loc + s * eps, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) - s.log()).sum(-1)

# %% wrong scale_detached_in_z: z knows the mean, and the scale as a plain number
def location_scale(loc, log_scale, eps):
    z = torch.addcmul(loc, log_scale.detach().exp().expand_as(eps), eps)
    return z, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) - log_scale).sum(-1)
