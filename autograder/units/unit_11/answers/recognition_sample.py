# %% right course: The course's own DiagonalNormal.
from course_vi.distributions import DiagonalNormal


def recognition_sample(weight, bias, x, eps):
    loc, log_scale = (x @ weight.T + bias).chunk(2, -1)
    q = DiagonalNormal(loc, log_scale)
    z = q.transport(eps)
    return z, q.log_prob(z)


# %% right formula: The density through the noise.
import math


def recognition_sample(weight, bias, x, eps):
    out = x @ weight.T + bias
    loc, log_scale = out.chunk(2, -1)
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% right linear: Nn.functional.linear, and a loop over samples.
import math

import torch
from torch.nn.functional import linear


def recognition_sample(weight, bias, x, eps):
    loc, log_scale = linear(x, weight, bias).tensor_split(2, dim=-1)
    samples, densities = [], []
    for one in eps:
        z = torch.addcmul(loc, log_scale.exp(), one)
        samples.append(z)
        white = (z - loc) / log_scale.exp()
        densities.append(-(white.square() + 2 * log_scale + math.log(2 * math.pi)).sum(-1) / 2)
    return torch.stack(samples), torch.stack(densities)


# %% right normal: Torch.distributions, and its log_prob at z.
from torch.distributions import Independent, Normal


def recognition_sample(weight, bias, x, eps):
    dim = bias.shape[0] // 2
    out = x @ weight.T + bias
    loc, scale = out[..., :dim], out[..., dim:].exp()
    z = loc + scale * eps
    return z, Independent(Normal(loc, scale), 1).log_prob(z)


# %% wrong first_datum, from right formula: Every datum got the parameters of the first one.
# diagnosis: first_datum
#-     z = loc + log_scale.exp() * eps
#+     z = loc[:1] + log_scale[:1].exp() * eps


# %% wrong interleaved, from right formula: You took every other output. loc is the first half, log_scale the second.
# diagnosis: interleaved
#-     loc, log_scale = out.chunk(2, -1)
#+     loc, log_scale = out[..., 0::2], out[..., 1::2]


# %% wrong log_scale, from right formula: You used log_scale itself as the scale. Exponentiate it.
# diagnosis: log_scale_as_scale
#-     z = loc + log_scale.exp() * eps
#+     z = loc + log_scale * eps


# %% wrong no_bias, from right formula: The bias of the last layer is missing.
# diagnosis: no_bias
#-     out = x @ weight.T + bias
#+     out = x @ weight.T


# %% wrong no_sum, from right formula: One number per coordinate came back. Sum over the event axis, the last one.
# diagnosis: no_sum
#-     return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi))


# %% wrong noise_density, from right formula: This is the log-density of eps. A stretch by exp(log_scale) lowers the density: subtract log_scale.
# diagnosis: noise_density
#-     return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return z, (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong normalizer_sign, from right formula: log_scale has the wrong sign: where the scale is large the density is low.
# diagnosis: normalizer_sign
#-     return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return z, (-0.5 * eps**2 + log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong softplus, from right course: You made the scale by softplus. Here the second half are log scales: exponentiate them.
# diagnosis: softplus
from torch.distributions import Normal
from torch.nn.functional import softplus


def recognition_sample(weight, bias, x, eps):
    loc, raw = (x @ weight.T + bias).chunk(2, -1)
    z = loc + softplus(raw) * eps
    return z, Normal(loc, softplus(raw)).log_prob(z).sum(-1)


# %% wrong swapped, from right formula: The first D outputs are loc and the last D are log_scale; you took them the other way round.
# diagnosis: swapped
#-     loc, log_scale = out.chunk(2, -1)
#+     log_scale, loc = out.chunk(2, -1)


# %% wrong variance, from right formula: You took exp(log_scale) for the variance. It is the standard deviation.
# diagnosis: variance_as_scale
#-     z = loc + log_scale.exp() * eps
#+     z = loc + (0.5 * log_scale).exp() * eps
