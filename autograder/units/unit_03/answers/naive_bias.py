# %% right autograd: Minus the gradient of the exact ELBO, by automatic differentiation.
import torch


def naive_bias(loc, log_scale, x):
    m, r = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    s2 = (2 * r).exp()
    elbo = -0.5 * (m**2 + s2) - 0.5 * ((x - m) ** 2 + s2) + r
    g_m, g_r = torch.autograd.grad(elbo.sum(), (m, r))
    return -g_m, -g_r


# %% right formula: The derivation by hand.
def naive_bias(loc, log_scale, x):
    return 2 * loc - x, 2 * (2 * log_scale).exp() - 1


# %% right gauss_hermite: The mean path derivative by Gauss-Hermite quadrature, with the sign turned.
import numpy as np


def naive_bias(loc, log_scale, x):
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    s = log_scale.exp()
    bias_loc, bias_log_scale = 0.0, 0.0
    for e, w in zip(nodes, weights / weights.sum()):
        z = loc + s * e
        slope = (x - z) - z + e / s
        bias_loc = bias_loc - w * slope
        bias_log_scale = bias_log_scale - w * slope * s * e
    return bias_loc, bias_log_scale


# %% right torch_kl: The gradient of the gap: the evidence does not move, so the bias is the slope of KL(q || posterior).
import torch
from torch.distributions import Normal, kl_divergence


def naive_bias(loc, log_scale, x):
    with torch.enable_grad():
        m, r = (t.detach().clone().requires_grad_(True) for t in (loc, log_scale))
        gap = kl_divergence(Normal(m, r.exp()), Normal(x / 2, 0.5**0.5)).sum()
        return torch.autograd.grad(gap, [m, r])


# %% right loop: Number by number, in Python, into two lists.
import math


def naive_bias(loc, log_scale, x):
    of_loc, of_log_scale = x.clone(), x.clone()
    for at in range(x.numel()):
        m, r, datum = (value.reshape(-1)[at].item() for value in (loc, log_scale, x))
        of_loc.view(-1)[at] = m - (datum - m)
        of_log_scale.view(-1)[at] = 2 * math.exp(r) ** 2 - 1
    return [of_loc, of_log_scale]


# %% wrong entropy_forgotten, from right formula: Only the energies are differentiated; the entropy's log s brings the constant 1, which is easily lost for being constant.
# diagnosis: entropy_forgotten
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - 2 * loc), 2 * (2 * log_scale).exp()


# %% wrong log_scale_as_scale, from right formula: log_scale is squared as if it were s; the sign of the logarithm disappears with it.
# diagnosis: log_scale_as_scale
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - 2 * loc), -(1 - 2 * log_scale**2)


# %% wrong prior_forgotten, from right formula: Only the likelihood pulls on the mean, towards x; without the prior the bias seems to vanish at x, not at x/2.
# diagnosis: prior_forgotten
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - loc), -(1 - 2 * (2 * log_scale).exp())


# %% wrong sampled, from right autograd: The bias is measured with 4,000 draws in place of being predicted, so it is another number at each call.
# diagnosis: sampled
import torch


def naive_bias(loc, log_scale, x):
    eps = torch.randn(4000, *loc.shape, dtype=loc.dtype)
    s = log_scale.exp()
    slope = x - 2 * (loc + s * eps) + eps / s
    return -slope.mean(0), -(slope * s * eps).mean(0)


# %% wrong scale_as_variance, from right formula: exp(log_scale) stands for the variance: s in place of s^2, which agrees at s = 1 alone.
# diagnosis: scale_as_variance
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - 2 * loc), -(1 - 2 * log_scale.exp())


# %% wrong sign, from right formula: The gradient itself is returned; the bias is the estimate's mean, zero, minus that gradient.
# diagnosis: sign
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return x - 2 * loc, 1 - 2 * (2 * log_scale).exp()


# %% wrong sum_over_dim, from right formula: The coordinates are summed as in a log-density; a gradient has one entry for each of them.
# diagnosis: sum_over_dim
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - 2 * loc).sum(-1), -(1 - 2 * (2 * log_scale).exp()).sum(-1)


# %% wrong wrt_scale, from right formula: Differentiated in s, the variable of the formula; the parameter is log s, and the chain rule brings a factor s.
# diagnosis: wrt_scale
def naive_bias(loc, log_scale, x):
    s = log_scale.exp()
    return -(x - 2 * loc), -(1 / s - 2 * s)


# %% wrong zero, from right formula: The mean of the naive gradient is zero, and so 'the bias is zero': bias is measured from the gradient, not from zero.
# diagnosis: zero_bias
import torch


def naive_bias(loc, log_scale, x):
    return torch.zeros_like(loc), torch.zeros_like(log_scale)


# %% wrong in_place, from right formula: The bias is built up in place on loc, which saves a line and changes the caller's parameters.
# diagnosis: argument_changed
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     loc *= 2
#+     return loc - x, 2 * (2 * log_scale).exp() - 1


# %% wrong swapped, from right formula: The two results stand in the other order, log_scale first.
# diagnosis: swapped
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return 2 * (2 * log_scale).exp() - 1, 2 * loc - x
