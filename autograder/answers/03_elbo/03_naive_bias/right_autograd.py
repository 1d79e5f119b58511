"""Idiom: minus the gradient of the exact ELBO, by automatic differentiation."""
import torch


def naive_bias(loc, log_scale, x):
    m, r = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    s2 = (2 * r).exp()
    elbo = -0.5 * (m**2 + s2) - 0.5 * ((x - m) ** 2 + s2) + r
    g_m, g_r = torch.autograd.grad(elbo.sum(), (m, r))
    return -g_m, -g_r
