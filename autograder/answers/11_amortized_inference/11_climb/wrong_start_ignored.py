"""diagnosis: start_ignored"""
import torch


def climb(elbo, loc, log_scale, steps, rate):
    loc, log_scale = torch.zeros_like(loc), torch.zeros_like(log_scale)
    for _ in range(steps):
        loc, log_scale = loc.detach().requires_grad_(), log_scale.detach().requires_grad_()
        slopes = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        with torch.no_grad():
            loc = loc + rate * slopes[0]
            log_scale = log_scale + rate * slopes[1]
    return loc.detach(), log_scale.detach()
