"""diagnosis: accumulated"""
import torch


def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    for _ in range(steps):
        elbo(m, r).sum().backward()
        with torch.no_grad():
            m += rate * m.grad
            r += rate * r.grad
    return m.detach(), r.detach()
