"""diagnosis: sequential"""
import torch


def climb(elbo, loc, log_scale, steps, rate):
    loc, log_scale = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    for _ in range(steps):
        loc = (loc + rate * torch.autograd.grad(elbo(loc, log_scale).sum(), loc)[0]).detach().requires_grad_()
        log_scale = (log_scale + rate * torch.autograd.grad(elbo(loc, log_scale).sum(), log_scale)[0]).detach().requires_grad_()
    return loc.detach(), log_scale.detach()
