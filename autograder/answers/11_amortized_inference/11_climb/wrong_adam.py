"""diagnosis: adam"""
import torch


def climb(elbo, loc, log_scale, steps, rate):
    loc, log_scale = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    optimizer = torch.optim.Adam([loc, log_scale], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        (-elbo(loc, log_scale).sum()).backward()
        optimizer.step()
    return loc.detach(), log_scale.detach()
