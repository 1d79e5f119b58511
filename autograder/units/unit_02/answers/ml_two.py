# %% right closed: Everything in closed form.
import math

import torch


def ml_two(y, sigma, mu, log_tau):
    J, tau2 = y.shape[-1], (2 * log_tau).exp()
    v = tau2 + sigma**2
    apart = y - mu.unsqueeze(-1)
    square = apart.square().sum(-1)
    value = -0.5 * (square / v + J * (2 * math.pi * v).log())
    gradient = torch.stack([apart.sum(-1) / v, tau2 * (square / v - J) / v], -1)
    centre = y.mean(-1)
    best = (y.var(-1, correction=0) - sigma**2).clamp(min=0)
    keep = best / (best + sigma**2)
    means = centre.unsqueeze(-1) + keep.unsqueeze(-1) * (y - centre.unsqueeze(-1))
    return value, gradient, torch.stack([centre, best], -1), means


# %% right autograd: The gradient by autograd, of the joint normal of all groups; the best by the sign of a slope.
import torch
from torch.distributions import Normal


def ml_two(y, sigma, mu, log_tau):
    place = torch.stack([mu, log_tau], -1).requires_grad_()
    scale = ((2 * place[..., 1:]).exp() + sigma**2).sqrt()
    value = Normal(place[..., :1], scale).log_prob(y).sum(-1)
    (gradient,) = torch.autograd.grad(value.sum(), place)
    centre = y.mean(-1, keepdim=True)
    spread = (y - centre).square().mean(-1, keepdim=True)
    inside = spread > sigma**2
    tau2 = torch.where(inside, spread - sigma**2, torch.zeros_like(spread))
    precision = 1 / sigma**2
    means = torch.where(inside, (centre / tau2 + y * precision) / (1 / tau2 + precision), centre.expand_as(y))
    return value.detach(), gradient, torch.cat([centre, tau2], -1), means


# %% right loops: Data set by data set in NumPy; tau^2 by bisection on the slope.
import numpy as np


def ml_two(y, sigma, mu, log_tau):
    y, mu, log_tau = np.asarray(y), np.asarray(mu), np.asarray(log_tau)
    batch, J = y.shape[:-1], y.shape[-1]
    value, gradient = np.zeros(batch), np.zeros((*batch, 2))
    best, means = np.zeros((*batch, 2)), np.zeros(y.shape)
    for b in np.ndindex(batch):
        v = np.exp(2 * log_tau[b]) + sigma * sigma
        for one in y[b]:
            value[b] -= 0.5 * ((one - mu[b]) ** 2 / v + np.log(2 * np.pi * v))
            gradient[b][0] += (one - mu[b]) / v
            gradient[b][1] += (v - sigma * sigma) * ((one - mu[b]) ** 2 / v - 1) / v
        centre = sum(y[b]) / J
        total = sum((one - centre) ** 2 for one in y[b])
        low, high = 0.0, total
        if total / sigma**2 <= J:
            high = 0.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if total / (middle + sigma**2) > J else (low, middle)
        tau2 = (low + high) / 2
        best[b] = centre, tau2
        means[b] = [(tau2 * one + sigma**2 * centre) / (tau2 + sigma**2) for one in y[b]]
    return value, gradient, best, means


# %% wrong negative, from right closed: Nobody looks at the boundary.
# diagnosis: negative_variance
#-     best = (y.var(-1, correction=0) - sigma**2).clamp(min=0)
#+     best = y.var(-1, correction=0) - sigma**2


# %% wrong unbiased, from right closed: torch's var divides by J - 1.
# diagnosis: unbiased
#-     best = (y.var(-1, correction=0) - sigma**2).clamp(min=0)
#+     best = (y.var(-1) - sigma**2).clamp(min=0)


# %% wrong noisy, from right closed: The variance of y is taken for that of theta.
# diagnosis: noise_left
#-     best = (y.var(-1, correction=0) - sigma**2).clamp(min=0)
#+     best = y.var(-1, correction=0)


# %% wrong floor, from right closed: A floor keeps tau off the boundary.
# diagnosis: value
#-     best = (y.var(-1, correction=0) - sigma**2).clamp(min=0)
#+     best = (y.var(-1, correction=0) - sigma**2).clamp(min=1e-6)


# %% wrong scale, from right closed: tau for tau^2, in the result alone.
# diagnosis: scale_for_variance
#-     return value, gradient, torch.stack([centre, best], -1), means
#+     return value, gradient, torch.stack([centre, best.sqrt()], -1), means


# %% wrong own_mu, from right closed: The spread is taken around the mu that was given.
# diagnosis: around_mu
#-     best = (y.var(-1, correction=0) - sigma**2).clamp(min=0)
#+     best = (square / J - sigma**2).clamp(min=0)


# %% wrong in_tau2, from right closed: The slope in tau^2.
# diagnosis: slope_in_variance
#-     gradient = torch.stack([apart.sum(-1) / v, tau2 * (square / v - J) / v], -1)
#+     gradient = torch.stack([apart.sum(-1) / v, 0.5 * (square / v - J) / v], -1)


# %% wrong in_log_variance, from right closed: The slope in log tau^2.
# diagnosis: slope_in_log_variance
#-     gradient = torch.stack([apart.sum(-1) / v, tau2 * (square / v - J) / v], -1)
#+     gradient = torch.stack([apart.sum(-1) / v, 0.5 * tau2 * (square / v - J) / v], -1)


# %% wrong plug_in, from right closed: The evidence at theta = mu: nothing was integrated.
# diagnosis: tau_lost
#-     value = -0.5 * (square / v + J * (2 * math.pi * v).log())
#+     value = -0.5 * (square / sigma**2 + J * math.log(2 * math.pi * sigma**2))


# %% wrong scales_added, from right closed: tau + sigma for the scale of one y.
# diagnosis: scales_added
#-     v = tau2 + sigma**2
#+     v = (log_tau.exp() + sigma) ** 2


# %% wrong given_place, from right closed: The posterior means at the place that was given.
# diagnosis: at_given_place
#-     keep = best / (best + sigma**2)
#-     means = centre.unsqueeze(-1) + keep.unsqueeze(-1) * (y - centre.unsqueeze(-1))
#+     means = mu.unsqueeze(-1) + (tau2 / v).unsqueeze(-1) * apart


# %% wrong swapped, from right closed: The weights of y and mu are exchanged.
# diagnosis: shares_swapped
#-     keep = best / (best + sigma**2)
#+     keep = sigma**2 / (best + sigma**2)


# %% wrong to_zero, from right closed: Shrunk towards zero.
# diagnosis: towards_zero
#-     means = centre.unsqueeze(-1) + keep.unsqueeze(-1) * (y - centre.unsqueeze(-1))
#+     means = keep.unsqueeze(-1) * y
