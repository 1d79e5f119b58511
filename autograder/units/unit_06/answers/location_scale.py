# %% right change_of_variables: The density of the noise, divided by the stretch.
import math


def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_noise - log_scale.sum(-1)


# %% right determinant: A matrix for every datum, and its determinant.
import math

import torch


def location_scale(loc, log_scale, eps):
    root = torch.diag_embed(log_scale.exp())
    z = loc + (root @ eps.unsqueeze(-1)).squeeze(-1)
    log_det = torch.log(torch.linalg.det(root))
    size = eps.shape[-1]
    return z, -0.5 * (eps * eps).sum(-1) - 0.5 * size * math.log(2 * math.pi) - log_det


# %% right torch_normal: Torch.distributions, asked at a sample that is alive.
from torch.distributions import Independent, Normal


def location_scale(loc, log_scale, eps):
    scale = log_scale.exp()
    z = loc + scale * eps
    return z, Independent(Normal(loc, scale), 1).log_prob(z)


# %% right transform: Torch's own transforms, with their log_abs_det_jacobian.
import torch
from torch.distributions import Normal
from torch.distributions.transforms import AffineTransform


def location_scale(loc, log_scale, eps):
    t = AffineTransform(loc, torch.exp(log_scale))
    z = t(eps)
    log_noise = Normal(torch.zeros_like(loc), torch.ones_like(loc)).log_prob(eps)
    return z, (log_noise - t.log_abs_det_jacobian(eps, z)).sum(-1)


# %% right loop_over_data: Datum by datum, stacked at the end.
import math

import torch


def location_scale(loc, log_scale, eps):
    if loc.dim() > 1:
        pairs = [location_scale(m, r, eps[:, b]) for b, (m, r) in enumerate(zip(loc, log_scale))]
        return torch.stack([z for z, _ in pairs], 1), torch.stack([q for _, q in pairs], 1)
    log_q = -0.5 * (eps.square() + math.log(2 * math.pi)) - log_scale
    return torch.addcmul(loc, log_scale.exp(), eps), log_q.sum(-1)


# %% wrong density_frozen, from right change_of_variables: q's parameters are frozen inside log q, a habit from sticking the landing: values right, gradient only through z.
# diagnosis: density_detached
#- import math
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return z, Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)


# %% wrong jacobian_over_batch, from right change_of_variables: log_scale.sum() without an axis: every datum pays the Jacobian of the whole batch. With one datum it is right.
# diagnosis: jacobian_over_batch
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    return loc + log_scale.exp() * eps, Normal(0.0, 1.0).log_prob(eps).sum(-1) - log_scale.sum()


# %% wrong jacobian_sign, from right change_of_variables: log s is added: the Jacobian of the map, where that of its inverse belongs. A wide q gets a high density.
# diagnosis: jacobian_sign
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return z, (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi) + log_scale).sum(-1)


# %% wrong log_scale_as_scale, from right change_of_variables: log_scale is taken for the standard deviation itself, so noise is turned around where it is negative.
# diagnosis: log_scale_as_scale
#-     z = loc + log_scale.exp() * eps
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     z = loc + log_scale * eps
#+     return z, (-0.5 * eps**2 - log_scale.abs().log() - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong no_constant, from right change_of_variables: -log(2 pi)/2 per coordinate is dropped, as one does while optimizing. A bound is then off by a constant.
# diagnosis: constant_missing
def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps**2 - log_scale).sum(-1)


# %% wrong no_jacobian, from right change_of_variables: log N(eps; 0, I) is returned as it is: the density of the noise, not that of the place where it lands.
# diagnosis: jacobian_missing
#- import math
#+ import torch
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     base = Normal(torch.zeros_like(loc), torch.ones_like(loc))
#+     return z, base.log_prob(eps).sum(-1)


# %% wrong not_summed, from right change_of_variables: Normal(...).log_prob gives one number for each coordinate, and nobody adds them up.
# diagnosis: not_summed
#- import math
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return z, Normal(loc, log_scale.exp()).log_prob(z)


# %% wrong order, from right change_of_variables: (log q, z) in place of (z, log q): both right, in the order in which they were computed.
# diagnosis: order_swapped
#- import math
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return Normal(loc, log_scale.exp()).log_prob(z).sum(-1), z


# %% wrong rsample, from right change_of_variables: rsample() draws noise of its own and ignores eps: a fine sample, but not the one that was asked for.
# diagnosis: own_noise
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    q = Normal(loc, log_scale.exp())
    z = q.rsample(eps.shape[:1])
    return z, q.log_prob(z).sum(-1)


# %% wrong sample_detached, from right transform: z is made under no_grad, as if sampling never needed a graph: right values, and a gradient of zero.
# diagnosis: sample_detached
import torch
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    with torch.no_grad():
        z = loc + log_scale.exp() * eps
    return z, Normal(loc, log_scale.exp()).log_prob(z).sum(-1)


# %% wrong sum_over_all, from right change_of_variables: .sum() without an axis: one number for all samples and data.
# diagnosis: sum_over_all
#- import math
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return z, Normal(loc, log_scale.exp()).log_prob(z).sum()


# %% wrong variance, from right torch_normal: exp(log_scale) is taken for the variance, and its root for the scale: log_scale is read as a log variance.
# diagnosis: variance_as_scale
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    scale = log_scale.exp().sqrt()
    z = loc + scale * eps
    return z, Normal(loc, scale).log_prob(z).sum(-1)


# %% wrong noise_stretched_in_place, from right change_of_variables: The caller's noise is stretched in place to save memory: the next use of eps is of other noise.
# diagnosis: argument_changed
#-     z = loc + log_scale.exp() * eps
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     z = loc + log_scale.exp() * eps.clone()
#+     eps.mul_(log_scale.detach().exp())


# %% wrong log_density_capped, from right change_of_variables: "A log probability is never positive": that of a density is, wherever q is narrow.
# diagnosis: generic_clamp_above
#-     return z, log_noise - log_scale.sum(-1)
#+     return z, (log_noise - log_scale.sum(-1)).clamp(max=0)


# %% wrong noise_truncated, from right change_of_variables: Noise beyond three is pulled in against outliers: the tails of q are gone.
# diagnosis: value
#-     z = loc + log_scale.exp() * eps
#+     z = loc + log_scale.exp() * eps.clamp(-3, 3)
