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


# %% wrong entropy_forgotten, from right formula: The entropy, log s plus a constant, has the derivative 1 in log s.
# diagnosis: entropy_forgotten
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - 2 * loc), 2 * (2 * log_scale).exp()


# %% wrong log_scale_as_scale, from right formula: log_scale is the logarithm of s: exponentiate it first.
# diagnosis: log_scale_as_scale
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - 2 * loc), -(1 - 2 * log_scale**2)


# %% wrong prior_forgotten, from right formula: The pull of the prior, -m, is missing: the gradient is x - 2m, zero at the posterior mean x/2.
# diagnosis: prior_forgotten
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - loc), -(1 - 2 * (2 * log_scale).exp())


# %% wrong sampled, from right autograd: Two calls with the same arguments gave two answers: you drew samples.
# diagnosis: sampled
import torch


def naive_bias(loc, log_scale, x):
    eps = torch.randn(4000, *loc.shape, dtype=loc.dtype)
    s = log_scale.exp()
    slope = x - 2 * (loc + s * eps) + eps / s
    return -slope.mean(0), -(slope * s * eps).mean(0)


# %% wrong scale_as_variance, from right formula: exp(log_scale) is the standard deviation s; you used it as the variance s^2.
# diagnosis: scale_as_variance
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - 2 * loc), -(1 - 2 * log_scale.exp())


# %% wrong sign, from right formula: This is the gradient itself. The bias is the mean of the estimate minus the gradient: zero minus the gradient.
# diagnosis: sign
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return x - 2 * loc, 1 - 2 * (2 * log_scale).exp()


# %% wrong sum_over_dim, from right formula: One number per coordinate is asked, (*B, D): do not sum over the last axis.
# diagnosis: sum_over_dim
#-     return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
#+     return -(x - 2 * loc).sum(-1), -(1 - 2 * (2 * log_scale).exp()).sum(-1)


# %% wrong wrt_scale, from right formula: This is the derivative in s. Asked is the one in log s: multiply by s (the chain rule).
# diagnosis: wrt_scale
def naive_bias(loc, log_scale, x):
    s = log_scale.exp()
    return -(x - 2 * loc), -(1 / s - 2 * s)


# %% wrong zero, from right formula: A mean of zero is not a bias of zero: the bias is the mean minus what it ought to be.
# diagnosis: zero_bias
import torch


def naive_bias(loc, log_scale, x):
    return torch.zeros_like(loc), torch.zeros_like(log_scale)
