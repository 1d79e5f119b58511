"""Idiom: the gradient of the gap: the evidence does not move, so the bias is the slope of KL(q || posterior)."""
import torch
from torch.distributions import Normal, kl_divergence


def naive_bias(loc, log_scale, x):
    with torch.enable_grad():
        m, r = (t.detach().clone().requires_grad_(True) for t in (loc, log_scale))
        gap = kl_divergence(Normal(m, r.exp()), Normal(x / 2, 0.5**0.5)).sum()
        return torch.autograd.grad(gap, [m, r])
