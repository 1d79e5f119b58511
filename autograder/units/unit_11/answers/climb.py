# %% right autograd: Torch.autograd.grad and fresh tensors.
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


# %% right func: Torch.func.grad of the sum.
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


# %% wrong accumulated, from right sgd: Gradients of earlier steps were kept. backward() adds to .grad: clear it before each step.
# diagnosis: accumulated
#-     optimizer = torch.optim.SGD([m, r], lr=rate, maximize=True)
#@@
#-         optimizer.zero_grad()
#@@
#-         optimizer.step()
#+         with torch.no_grad():
#+             m += rate * m.grad
#+             r += rate * r.grad


# %% wrong adam, from right sgd: These are steps of Adam. Plain ascent adds rate times the gradient, whatever its size.
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


# %% wrong batch_mean, from right autograd: The data share one step size divided by their number: you took the gradient of the mean ELBO.
# diagnosis: batch_mean
#-         slopes = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
#+         slopes = torch.autograd.grad(elbo(loc, log_scale).mean(), (loc, log_scale))


# %% wrong did_not_move, from right sgd: This is the starting point.
# diagnosis: did_not_move
#-     optimizer = torch.optim.SGD([m, r], lr=rate, maximize=True)
#+     optimizer = torch.optim.SGD([loc.clone().requires_grad_(), log_scale.clone().requires_grad_()], lr=rate, maximize=True)


# %% wrong downhill, from right autograd: You walked downhill. The ELBO is climbed: add the gradient.
# diagnosis: downhill
#-             loc = loc + rate * slopes[0]
#-             log_scale = log_scale + rate * slopes[1]
#+             loc = loc - rate * slopes[0]
#+             log_scale = log_scale - rate * slopes[1]


# %% wrong in_place, from right autograd: The tensors you were given were changed. They belong to the caller: begin with copies (clone).
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


# %% wrong one_less, from right autograd: One step is missing.
# diagnosis: one_step_less
#-     for _ in range(steps):
#+     for _ in range(steps - 1):


# %% wrong only_loc, from right autograd: log_scale has not moved.
# diagnosis: only_loc
#-         with torch.no_grad():
#-             loc = loc + rate * slopes[0]
#-             log_scale = log_scale + rate * slopes[1]
#+         loc = loc.detach() + rate * slopes[0]


# %% wrong sequential, from right func: Both parts move at once: take both gradients at the old point, and only then move.
# diagnosis: sequential
import torch


def climb(elbo, loc, log_scale, steps, rate):
    loc, log_scale = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    for _ in range(steps):
        loc = (loc + rate * torch.autograd.grad(elbo(loc, log_scale).sum(), loc)[0]).detach().requires_grad_()
        log_scale = (log_scale + rate * torch.autograd.grad(elbo(loc, log_scale).sum(), log_scale)[0]).detach().requires_grad_()
    return loc.detach(), log_scale.detach()


# %% wrong start_ignored, from right autograd: The climb began at zero. Begin where you are told: an encoder may have said something better.
# diagnosis: start_ignored
#-     loc, log_scale = loc.clone(), log_scale.clone()
#+     loc, log_scale = torch.zeros_like(loc), torch.zeros_like(log_scale)
