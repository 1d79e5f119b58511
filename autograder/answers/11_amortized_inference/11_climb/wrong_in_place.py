"""diagnosis: argument_changed"""
import torch


def climb(elbo, loc, log_scale, steps, rate):
    loc.requires_grad_(), log_scale.requires_grad_()
    for _ in range(steps):
        slopes = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        with torch.no_grad():
            loc += rate * slopes[0]
            log_scale += rate * slopes[1]
    return loc.detach(), log_scale.detach()
