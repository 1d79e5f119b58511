"""Idiom: an optimizer that maximizes."""
import torch


def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    optimizer = torch.optim.SGD([m, r], lr=rate, maximize=True)
    for _ in range(steps):
        optimizer.zero_grad()
        elbo(m, r).sum().backward()
        optimizer.step()
    return m.detach(), r.detach()
