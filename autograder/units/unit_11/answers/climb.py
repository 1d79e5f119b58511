# %% right autograd: torch.autograd.grad and fresh tensors.
import torch


def climb(elbo, loc, log_scale, steps, rate):
    loc, log_scale = loc.clone(), log_scale.clone()
    for _ in range(steps):
        loc, log_scale = loc.detach().requires_grad_(), log_scale.detach().requires_grad_()
        slopes = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        with torch.no_grad():
            loc = loc + rate * slopes[0]
            log_scale = log_scale + rate * slopes[1]
    return loc.detach(), log_scale.detach()


# %% right func: torch.func.grad of the sum.
from torch.func import grad


def climb(elbo, loc, log_scale, steps, rate):
    slope = grad(lambda m, r: elbo(m, r).sum(), argnums=(0, 1))
    for _ in range(steps):
        up_m, up_r = slope(loc, log_scale)
        loc, log_scale = loc + rate * up_m, log_scale + rate * up_r
    return loc, log_scale


# %% right sgd: An optimizer that maximizes.
import torch


def climb(elbo, loc, log_scale, steps, rate):
    m, r = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    optimizer = torch.optim.SGD([m, r], lr=rate, maximize=True)
    for _ in range(steps):
        optimizer.zero_grad()
        elbo(m, r).sum().backward()
        optimizer.step()
    return m.detach(), r.detach()


# %% wrong accumulated, from right sgd: backward() adds to .grad and nobody clears it: from the second step on, all earlier gradients are walked again.
# diagnosis: accumulated
#-     optimizer = torch.optim.SGD([m, r], lr=rate, maximize=True)
#@@
#-         optimizer.zero_grad()
#@@
#-         optimizer.step()
#+         with torch.no_grad():
#+             m += rate * m.grad
#+             r += rate * r.grad


# %% wrong adam, from right sgd: Adam out of habit: its first steps are all as long as the rate, however steep the ELBO is.
# diagnosis: adam
#-     m, r = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
#-     optimizer = torch.optim.SGD([m, r], lr=rate, maximize=True)
#+     loc, log_scale = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
#+     optimizer = torch.optim.Adam([loc, log_scale], lr=rate)
#@@
#-         elbo(m, r).sum().backward()
#+         (-elbo(loc, log_scale).sum()).backward()
#@@
#-     return m.detach(), r.detach()
#+     return loc.detach(), log_scale.detach()


# %% wrong batch_mean, from right autograd: The gradient of the batch's mean: each datum walks more slowly the more company it has.
# diagnosis: batch_mean
#-         slopes = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
#+         slopes = torch.autograd.grad(elbo(loc, log_scale).mean(), (loc, log_scale))


# %% wrong did_not_move, from right sgd: The optimizer owns clones that the ELBO never sees, so nothing that is returned has moved.
# diagnosis: did_not_move
#-     optimizer = torch.optim.SGD([m, r], lr=rate, maximize=True)
#+     optimizer = torch.optim.SGD([loc.clone().requires_grad_(), log_scale.clone().requires_grad_()], lr=rate, maximize=True)


# %% wrong downhill, from right autograd: The step is subtracted, as everyone does who has only minimized losses.
# diagnosis: downhill
#-             loc = loc + rate * slopes[0]
#-             log_scale = log_scale + rate * slopes[1]
#+             loc = loc - rate * slopes[0]
#+             log_scale = log_scale - rate * slopes[1]


# %% wrong in_place, from right autograd: The caller's own tensors are moved in place, and the next method starts where this one stopped.
# diagnosis: argument_changed
#-     loc, log_scale = loc.clone(), log_scale.clone()
#+     loc.requires_grad_(), log_scale.requires_grad_()
#@@
#-         loc, log_scale = loc.detach().requires_grad_(), log_scale.detach().requires_grad_()
#@@
#-             loc = loc + rate * slopes[0]
#-             log_scale = log_scale + rate * slopes[1]
#+             loc += rate * slopes[0]
#+             log_scale += rate * slopes[1]


# %% wrong one_less, from right autograd: range(steps - 1), because the start was counted as a step.
# diagnosis: one_step_less
#-     for _ in range(steps):
#+     for _ in range(steps - 1):


# %% wrong only_loc, from right autograd: Only the means are moved: the scales stay what they were at the start.
# diagnosis: only_loc
#-         with torch.no_grad():
#-             loc = loc + rate * slopes[0]
#-             log_scale = log_scale + rate * slopes[1]
#+         loc = loc.detach() + rate * slopes[0]


# %% wrong sequential, from right func: loc moves first and log_scale's gradient is taken at the new place: coordinate ascent, and not one step of both.
# diagnosis: sequential
import torch


def climb(elbo, loc, log_scale, steps, rate):
    loc, log_scale = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    for _ in range(steps):
        loc = (loc + rate * torch.autograd.grad(elbo(loc, log_scale).sum(), loc)[0]).detach().requires_grad_()
        log_scale = (log_scale + rate * torch.autograd.grad(elbo(loc, log_scale).sum(), log_scale)[0]).detach().requires_grad_()
    return loc.detach(), log_scale.detach()


# %% wrong start_ignored, from right autograd: The climb begins at zero, and what the encoder had found out is thrown away.
# diagnosis: start_ignored
#-     loc, log_scale = loc.clone(), log_scale.clone()
#+     loc, log_scale = torch.zeros_like(loc), torch.zeros_like(log_scale)


# %% wrong best_step, from right autograd: The step with the largest sum is kept, "to be safe": what a rate does to a climb can no longer be seen.
# diagnosis: best_step
#-     for _ in range(steps):
#+     best, kept = -float("inf"), (loc, log_scale)
#+     for _ in range(steps + 1):
#@@
#-         slopes = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
#+         total = elbo(loc, log_scale).sum()
#+         if total.item() > best:
#+             best, kept = total.item(), (loc.detach().clone(), log_scale.detach().clone())
#+         slopes = torch.autograd.grad(total, (loc, log_scale))
#@@
#-     return loc.detach(), log_scale.detach()
#+     return kept


# %% wrong stops_early, from right autograd: It stops where the batch hardly gains: the number of steps is no longer the caller's.
# diagnosis: stops_early
#-     for _ in range(steps):
#+     last = -float("inf")
#+     for _ in range(steps):
#@@
#-         slopes = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
#+         total = elbo(loc, log_scale).sum()
#+         if total.item() < last + 1e-3:
#+             break
#+         last = total.item()
#+         slopes = torch.autograd.grad(total, (loc, log_scale))
