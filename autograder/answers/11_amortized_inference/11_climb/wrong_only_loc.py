"""diagnosis: only_loc"""
import torch


def climb(elbo, loc, log_scale, steps, rate):
    loc, log_scale = loc.clone(), log_scale.clone()
    for _ in range(steps):
        loc, log_scale = loc.detach().requires_grad_(), log_scale.detach().requires_grad_()
        slopes = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc = loc.detach() + rate * slopes[0]
    return loc.detach(), log_scale.detach()
