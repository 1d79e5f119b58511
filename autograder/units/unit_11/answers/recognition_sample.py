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


# %% right loop: Datum by datum, whatever axes the data have.
import torch
from torch.distributions import Normal


def recognition_sample(weight, bias, x, eps):
    if x.dim() == 1:
        loc, log_scale = (weight @ x + bias).chunk(2)
        z = loc + log_scale.exp() * eps
        return z, Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    pairs = [recognition_sample(weight, bias, x[b], eps[:, b]) for b in range(len(x))]
    z, log_q = zip(*pairs)
    return torch.stack(z, 1), torch.stack(log_q, 1)


# %% right normal: Torch.distributions, and its log_prob at z.
from torch.distributions import Independent, Normal


def recognition_sample(weight, bias, x, eps):
    dim = bias.shape[0] // 2
    out = x @ weight.T + bias
    loc, scale = out[..., :dim], out[..., dim:].exp()
    z = loc + scale * eps
    return z, Independent(Normal(loc, scale), 1).log_prob(z)


# %% wrong first_datum, from right formula: An index `[:1]`, put there to make shapes broadcast, gives every datum the density of the first.
# diagnosis: first_datum
#-     z = loc + log_scale.exp() * eps
#+     z = loc[:1] + log_scale[:1].exp() * eps


# %% wrong interleaved, from right formula: Every other output is taken for loc, as if the network wrote pairs (loc, log_scale), one for each coordinate.
# diagnosis: interleaved
#-     loc, log_scale = out.chunk(2, -1)
#+     loc, log_scale = out[..., 0::2], out[..., 1::2]


# %% wrong log_scale, from right formula: log_scale multiplies the noise as it stands: half of the time the scale is negative, and nothing complains.
# diagnosis: log_scale_as_scale
#-     z = loc + log_scale.exp() * eps
#+     z = loc + log_scale * eps


# %% wrong no_bias, from right formula: The layer is reduced to its matrix: without the bias every encoder says N(0, 1) of a datum at the origin.
# diagnosis: no_bias
#-     out = x @ weight.T + bias
#+     out = x @ weight.T


# %% wrong no_sum, from right formula: Normal.log_prob gives one number per coordinate, and whoever writes the formula by hand forgets to add them up as well.
# diagnosis: no_sum
#-     return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi))


# %% wrong noise_density, from right formula: The density of eps is returned for that of z: the change of variables is forgotten because z has the same probability as eps.
# diagnosis: noise_density
#-     return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return z, (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong normalizer_sign, from right formula: The log scale is added: a wide density would be high everywhere.
# diagnosis: normalizer_sign
#-     return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return z, (-0.5 * eps**2 + log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong softplus, from right course: The habit of libraries whose networks write a raw scale: softplus in place of the exponential.
# diagnosis: softplus
from torch.distributions import Normal
from torch.nn.functional import softplus


def recognition_sample(weight, bias, x, eps):
    loc, raw = (x @ weight.T + bias).chunk(2, -1)
    z = loc + softplus(raw) * eps
    return z, Normal(loc, softplus(raw)).log_prob(z).sum(-1)


# %% wrong swapped, from right formula: Scale first, as some code bases have it: the means are exponentiated and the log scales taken for means.
# diagnosis: swapped
#-     loc, log_scale = out.chunk(2, -1)
#+     log_scale, loc = out.chunk(2, -1)


# %% wrong variance, from right formula: The VAE's habit of log variances: exp(rho / 2) where rho is already the logarithm of a standard deviation.
# diagnosis: variance_as_scale
#-     z = loc + log_scale.exp() * eps
#+     z = loc + (0.5 * log_scale).exp() * eps


# %% wrong clamped, from right formula: The log scale is clamped at -5 "for stability": sharp posteriors can no longer be said.
# diagnosis: clamped
#-     loc, log_scale = out.chunk(2, -1)
#+     loc, log_scale = out.chunk(2, -1)
#+     log_scale = log_scale.clamp(min=-5.0)


# %% wrong order, from right formula: The density comes first and the sample second, against the docstring.
# diagnosis: generic_order
#-     return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1), z
