# %% right autograd: The slope by autograd, element by element.
import math

import torch


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    with torch.enable_grad():
        noise = eps.clone().requires_grad_()
        z = loc + log_scale.exp() * torch.sinh(log_tail.exp() * torch.asinh(noise) + skew)
        (slope,) = torch.autograd.grad(z.sum(), noise)
    log_normal = -0.5 * eps**2 - 0.5 * math.log(2 * math.pi)
    return z.detach(), (log_normal - slope.log()).sum(-1)


# %% right formula: The slope by hand.
import math

import torch


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
    noise = -0.5 * eps**2 - 0.5 * math.log(2 * math.pi)
    return z, (noise - log_slope).sum(-1)


# %% right loop: Sample by sample.
import math

import torch


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    samples, densities = [], []
    for one in eps:
        u = torch.addcmul(skew, log_tail.exp(), torch.asinh(one))
        slope = torch.exp(log_scale + log_tail) * torch.cosh(u) / torch.sqrt(1 + one**2)
        samples.append(loc + log_scale.exp() * torch.sinh(u))
        densities.append(-(one**2 / 2 + math.log(2 * math.pi) / 2 + slope.log()).sum(-1))
    return torch.stack(samples), torch.stack(densities)


# %% right transforms: Each function written out by exponentials and logarithms.
import math

import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.tensor_split(4, dim=-1)
    inner = torch.log(eps.abs() + torch.sqrt(eps**2 + 1)) * eps.sign()
    first = -0.5 * torch.log(eps**2 + 1)
    moved = inner * log_tail.exp() + skew
    grown = (moved.exp() - (-moved).exp()) / 2
    third = torch.logaddexp(moved, -moved) - math.log(2)
    z = loc + log_scale.exp() * grown
    return z, (Normal(0.0, 1.0).log_prob(eps) - first - log_tail - third - log_scale).sum(-1)


# %% wrong asinh_lost, from right formula: The chain rule stops one link early: the derivative of asinh is missing.
# diagnosis: asinh_lost
#-     log_slope = log_scale + log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
#+     log_slope = log_scale + log_tail + torch.cosh(u).log()


# %% wrong density_at_z, from right formula: The density of the noise is taken at z, as if the flow had not moved the point.
# diagnosis: density_at_z
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 0.5 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(z) - log_slope).sum(-1)


# %% wrong first_datum, from right formula: An index `[:1]` gives every datum the numbers of the first.
# diagnosis: first_datum
#-     loc, log_scale, skew, log_tail = params.chunk(4, -1)
#+     loc, log_scale, skew, log_tail = params[:1].chunk(4, -1)


# %% wrong gaussian, from right formula: N(z; loc, scale) is returned: the density of a Gaussian at a point that did not come from one.
# diagnosis: gaussian
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    z = loc + log_scale.exp() * torch.sinh(log_tail.exp() * torch.asinh(eps) + skew)
    return z, Normal(loc, log_scale.exp()).log_prob(z).sum(-1)


# %% wrong log_tail, from right formula: log_tail multiplies as it stands; where it is negative the map turns round.
# diagnosis: log_tail_as_tail
#-     u = log_tail.exp() * torch.asinh(eps) + skew
#+     u = log_tail * torch.asinh(eps) + skew


# %% wrong no_sum, from right formula: One number per coordinate: the sum over the last axis is forgotten.
# diagnosis: no_sum
#-     return z, (noise - log_slope).sum(-1)
#+     return z, noise - log_slope


# %% wrong noise_density, from right formula: The density of the noise without any Jacobian: the flow is treated as if it kept volumes.
# diagnosis: noise_density
#-     return z, (noise - log_slope).sum(-1)
#+     return z, noise.sum(-1)


# %% wrong order, from right formula: Skew and tail are unpacked the wrong way round: four unnamed chunks invite it.
# diagnosis: skew_and_tail_swapped
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, log_tail, skew = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 0.5 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)


# %% wrong root_lost, from right formula: 1 / (1 + eps^2), the derivative of the arctangent, is taken for that of asinh.
# diagnosis: root_lost
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 1.0 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)


# %% wrong scale_lost, from right formula: The factor exp(log_scale) of the slope is left out, as if only what is inside the sinh bends the density.
# diagnosis: scale_lost
#-     log_slope = log_scale + log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
#+     log_slope = log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)


# %% wrong sinh_slope, from right formula: sinh is differentiated into itself, as exp would be.
# diagnosis: sinh_slope
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.sinh(u).abs().log() + log_tail - 0.5 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)


# %% wrong skew_lost, from right formula: The skew is left out of u, and the density stays symmetric.
# diagnosis: skew_lost
#-     u = log_tail.exp() * torch.asinh(eps) + skew
#+     u = log_tail.exp() * torch.asinh(eps)


# %% wrong skew_outside, from right formula: The skew is added after the sinh, where it is a second loc.
# diagnosis: skew_outside
#-     u = log_tail.exp() * torch.asinh(eps) + skew
#-     z = loc + log_scale.exp() * torch.sinh(u)
#+     u = log_tail.exp() * torch.asinh(eps)
#+     z = loc + log_scale.exp() * (torch.sinh(u) + skew)


# %% wrong slope_sign, from right formula: log |dz/deps| is added, as if stretching made a density higher.
# diagnosis: slope_sign
#-     return z, (noise - log_slope).sum(-1)
#+     return z, (noise + log_slope).sum(-1)


# %% wrong tail_lost, from right formula: The inner derivative exp(log_tail) is left out of the slope.
# diagnosis: tail_lost
#-     log_slope = log_scale + log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
#+     log_slope = log_scale + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
