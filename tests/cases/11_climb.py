import torch


def slopes(elbo, loc, log_scale):
    a, b = loc.detach().requires_grad_(), log_scale.detach().requires_grad_()
    L = elbo(a, b)
    return L.detach(), *torch.autograd.grad(L.sum(), (a, b))


# %% right stacked: Both results in one tensor.
def climb(elbo, loc, log_scale, steps, rate):
    for _ in range(steps):
        _, ga, gb = slopes(elbo, loc, log_scale)
        loc, log_scale = loc + rate * ga, log_scale + rate * gb
    return torch.stack((loc.detach(), log_scale.detach()))


# %% right sgd: torch's SGD on clones.
def climb(elbo, loc, log_scale, steps, rate):
    a, b = (v.detach().clone().requires_grad_() for v in (loc, log_scale))
    opt = torch.optim.SGD([a, b], lr=rate, maximize=True)
    for _ in range(steps):
        opt.zero_grad()
        elbo(a, b).sum().backward()
        opt.step()
    return [a.detach(), b.detach()]


# %% wrong stops_early: It stops where the batch's sum hardly rises.
def climb(elbo, loc, log_scale, steps, rate):
    last = None
    for _ in range(steps):
        L, ga, gb = slopes(elbo, loc, log_scale)
        if last is not None and L.sum().item() < last + 1e-3:
            break
        last = L.sum().item()
        loc, log_scale = (loc + rate * ga).detach(), (log_scale + rate * gb).detach()
    return loc, log_scale


# %% wrong best_step: The step with the largest sum is kept.
def climb(elbo, loc, log_scale, steps, rate):
    best, kept = -float("inf"), (loc, log_scale)
    for _ in range(steps + 1):
        L, ga, gb = slopes(elbo, loc, log_scale)
        if L.sum().item() > best:
            best, kept = L.sum().item(), (loc.detach().clone(), log_scale.detach().clone())
        loc, log_scale = (loc + rate * ga).detach(), (log_scale + rate * gb).detach()
    return kept
