import functools
from collections.abc import Callable

import torch
from torch import Tensor

# %% right fold_with_vjp: steps folded with functools.reduce, the slope of the sum by autograd.functional.vjp, new tensors at every step
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    def step(here, _):
        _, slopes = torch.autograd.functional.vjp(lambda m, r: elbo(m, r).sum(), here)
        return tuple(part + rate * slope for part, slope in zip(here, slopes, strict=True))

    return functools.reduce(step, range(steps), (loc.detach().clone(), log_scale.detach().clone()))


# %% wrong one_after_the_other: moves the means first, and then the log scales by the slope at the new means; the fixed points are the same, the path is not
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        loc.requires_grad_()
        (slope,) = torch.autograd.grad(elbo(loc, log_scale).sum(), loc)
        loc = (loc + rate * slope).detach()
        log_scale.requires_grad_()
        (slope,) = torch.autograd.grad(elbo(loc, log_scale).sum(), log_scale)
        log_scale = (log_scale + rate * slope).detach()
    return loc, log_scale


# %% wrong best_on_the_way: keeps for each datum the best place that it has met, and returns that, so that a rate that overshoots does no harm
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    best = (loc, log_scale)
    with torch.no_grad():
        height = elbo(loc, log_scale)
    for _ in range(steps):
        a, b = loc.requires_grad_(), log_scale.requires_grad_()
        slopes = torch.autograd.grad(elbo(a, b).sum(), (a, b))
        loc, log_scale = (a + rate * slopes[0]).detach(), (b + rate * slopes[1]).detach()
        with torch.no_grad():
            now = elbo(loc, log_scale)
        better = (now > height).unsqueeze(-1)
        best = (torch.where(better, loc, best[0]), torch.where(better, log_scale, best[1]))
        height = torch.maximum(height, now)
    return best[0].detach(), best[1].detach()


# %% wrong clipped_together: clips the gradient to norm ten over all rows, the usual line before optimizer.step; a steep datum slows its neighbours
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        a, b = loc.requires_grad_(), log_scale.requires_grad_()
        up, wide = torch.autograd.grad(elbo(a, b).sum(), (a, b))
        shrink = (10.0 / torch.cat([up.flatten(), wide.flatten()]).norm().clamp(min=1e-12)).clamp(max=1.0)
        loc, log_scale = (a + rate * shrink * up).detach(), (b + rate * shrink * wide).detach()
    return loc, log_scale


# %% wrong at_least_one_step: a loop that asks whether it is done after the step, so that no steps are one
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale, done = loc.detach().clone(), log_scale.detach().clone(), 0
    while True:
        a, b = loc.requires_grad_(), log_scale.requires_grad_()
        up, wide = torch.autograd.grad(elbo(a, b).sum(), (a, b))
        loc, log_scale = (a + rate * up).detach(), (b + rate * wide).detach()
        done += 1
        if done >= steps:
            return loc, log_scale
