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


# %% right transforms: A transform of torch.distributions, written as three in a row.
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


# %% wrong asinh_lost, from right formula: The derivative of asinh(eps), one over the root of 1 + eps^2, is missing.
# diagnosis: asinh_lost
#-     log_slope = log_scale + log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
#+     log_slope = log_scale + log_tail + torch.cosh(u).log()


# %% wrong density_at_z, from right formula: N(.; 0, 1) is the density of the noise: take it at eps, not at z.
# diagnosis: density_at_z
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 0.5 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(z) - log_slope).sum(-1)


# %% wrong first_datum, from right formula: Every datum got the numbers of the first one.
# diagnosis: first_datum
#-     loc, log_scale, skew, log_tail = params.chunk(4, -1)
#+     loc, log_scale, skew, log_tail = params[:1].chunk(4, -1)


# %% wrong gaussian, from right formula: This is N(z; loc, scale^2), as if z were not bent by the flow.
# diagnosis: gaussian
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    z = loc + log_scale.exp() * torch.sinh(log_tail.exp() * torch.asinh(eps) + skew)
    return z, Normal(loc, log_scale.exp()).log_prob(z).sum(-1)


# %% wrong log_tail, from right formula: You multiplied by log_tail. Exponentiate it first.
# diagnosis: log_tail_as_tail
#-     u = log_tail.exp() * torch.asinh(eps) + skew
#+     u = log_tail * torch.asinh(eps) + skew


# %% wrong no_sum, from right formula: One number per coordinate came back: sum over the last axis.
# diagnosis: no_sum
#-     return z, (noise - log_slope).sum(-1)
#+     return z, noise - log_slope


# %% wrong noise_density, from right formula: This is the density of eps. Subtract log |dz/deps|.
# diagnosis: noise_density
#-     return z, (noise - log_slope).sum(-1)
#+     return z, noise.sum(-1)


# %% wrong order, from right formula: The order is loc, log_scale, skew, log_tail; you took the last two the other way round.
# diagnosis: skew_and_tail_swapped
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, log_tail, skew = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 0.5 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)


# %% wrong root_lost, from right formula: The derivative of asinh(eps) is one over the root of 1 + eps^2; you forgot the root.
# diagnosis: root_lost
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 1.0 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)


# %% wrong scale_lost, from right formula: The slope lacks the factor exp(log_scale).
# diagnosis: scale_lost
#-     log_slope = log_scale + log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
#+     log_slope = log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)


# %% wrong sinh_slope, from right formula: The derivative of sinh is cosh, and you took sinh again.
# diagnosis: sinh_slope
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.sinh(u).abs().log() + log_tail - 0.5 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)


# %% wrong skew_lost, from right formula: The skew is missing: add it before the sinh.
# diagnosis: skew_lost
#-     u = log_tail.exp() * torch.asinh(eps) + skew
#+     u = log_tail.exp() * torch.asinh(eps)


# %% wrong skew_outside, from right formula: The skew is added after the sinh, where it only moves the density.
# diagnosis: skew_outside
#-     u = log_tail.exp() * torch.asinh(eps) + skew
#-     z = loc + log_scale.exp() * torch.sinh(u)
#+     u = log_tail.exp() * torch.asinh(eps)
#+     z = loc + log_scale.exp() * (torch.sinh(u) + skew)


# %% wrong slope_sign, from right formula: The slope has the wrong sign. Where the map stretches, the density falls: subtract log |dz/deps|.
# diagnosis: slope_sign
#-     return z, (noise - log_slope).sum(-1)
#+     return z, (noise + log_slope).sum(-1)


# %% wrong tail_lost, from right formula: The slope lacks the factor exp(log_tail), the inner derivative.
# diagnosis: tail_lost
#-     log_slope = log_scale + log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
#+     log_slope = log_scale + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
