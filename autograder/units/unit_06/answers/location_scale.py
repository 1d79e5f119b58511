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


# %% wrong density_frozen, from right change_of_variables: log q holds its parameters constant, or has no graph at all.
# diagnosis: density_detached
#- import math
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return z, Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)


# %% wrong jacobian_over_batch, from right change_of_variables: The Jacobian adds up log s over the whole batch.
# diagnosis: jacobian_over_batch
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    return loc + log_scale.exp() * eps, Normal(0.0, 1.0).log_prob(eps).sum(-1) - log_scale.sum()


# %% wrong jacobian_sign, from right change_of_variables: The Jacobian has the wrong sign: where the map stretches, the density becomes thinner.
# diagnosis: jacobian_sign
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return z, (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi) + log_scale).sum(-1)


# %% wrong log_scale_as_scale, from right change_of_variables: log_scale was used as the standard deviation itself.
# diagnosis: log_scale_as_scale
#-     z = loc + log_scale.exp() * eps
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     z = loc + log_scale * eps
#+     return z, (-0.5 * eps**2 - log_scale.abs().log() - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong no_constant, from right change_of_variables: The constant is missing: each coordinate brings -log(2 pi) / 2.
# diagnosis: constant_missing
def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps**2 - log_scale).sum(-1)


# %% wrong no_jacobian, from right change_of_variables: This is the density of the noise at eps. Moving to z = t(eps) divides it by the stretch, |dz/deps|.
# diagnosis: jacobian_missing
#- import math
#+ import torch
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     base = Normal(torch.zeros_like(loc), torch.ones_like(loc))
#+     return z, base.log_prob(eps).sum(-1)


# %% wrong not_summed, from right change_of_variables: One number for each coordinate: a density of a vector adds up the logarithms over the last axis.
# diagnosis: not_summed
#- import math
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return z, Normal(loc, log_scale.exp()).log_prob(z)


# %% wrong order, from right change_of_variables: The two are exchanged: z comes first, then log q.
# diagnosis: order_swapped
#- import math
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return Normal(loc, log_scale.exp()).log_prob(z).sum(-1), z


# %% wrong rsample, from right change_of_variables: You drew noise of your own: rsample() does, and so does randn.
# diagnosis: own_noise
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    q = Normal(loc, log_scale.exp())
    z = q.rsample(eps.shape[:1])
    return z, q.log_prob(z).sum(-1)


# %% wrong sample_detached, from right transform: The sample has forgotten its parameters: something on the way to z was detached, drawn with sample(), or made under no_grad.
# diagnosis: sample_detached
import torch
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    with torch.no_grad():
        z = loc + log_scale.exp() * eps
    return z, Normal(loc, log_scale.exp()).log_prob(z).sum(-1)


# %% wrong sum_over_all, from right change_of_variables: You summed over samples and batch too. Keep one number for each sample and datum.
# diagnosis: sum_over_all
#- import math
#+ from torch.distributions import Normal
#@@
#-     log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
#-     return z, log_noise - log_scale.sum(-1)
#+     return z, Normal(loc, log_scale.exp()).log_prob(z).sum()


# %% wrong variance, from right torch_normal: exp(log_scale) was used as the variance. It is the standard deviation.
# diagnosis: variance_as_scale
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    scale = log_scale.exp().sqrt()
    z = loc + scale * eps
    return z, Normal(loc, scale).log_prob(z).sum(-1)
