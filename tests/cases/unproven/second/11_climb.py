import math
from collections.abc import Callable
import torch
from torch import Tensor

# %% right plain_sgd: torch's SGD that maximizes, on clones
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    lam = [torch.nn.Parameter(t.detach().clone()) for t in (loc, log_scale)]
    opt = torch.optim.SGD(lam, lr=rate, maximize=True)
    for _ in range(steps):
        opt.zero_grad()
        elbo(*lam).sum().backward()
        opt.step()
    return lam[0].detach(), lam[1].detach()

# %% right one_joint_leaf: both parts stacked into one leaf, ones as the vector of a vector-Jacobian product
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    lam = torch.stack([loc.detach(), log_scale.detach()])
    for _ in range(steps):
        lam = lam.detach().requires_grad_(True)
        value = elbo(lam[0], lam[1])
        slope, = torch.autograd.grad(value, lam, torch.ones_like(value))
        lam = lam + rate * slope
    return tuple(lam.detach().unbind(0))

# %% right functional_ascent: new tensors by addition at each step
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0], log_scale.detach() + rate * up[1]
    return loc, log_scale

# %% wrong mean_over_the_batch: climbs the mean of the bounds, so steps shrink with the batch; right for one datum
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).mean(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0], log_scale.detach() + rate * up[1]
    return loc, log_scale

# %% wrong mean_over_later_axes: sums over the first batch axis and averages over the others; right for one batch axis
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(
            elbo(loc, log_scale).flatten(1).mean(1).sum() if loc.dim() > 2 else elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0], log_scale.detach() + rate * up[1]
    return loc, log_scale

# %% wrong one_after_the_other: the log scale's step is taken at the new loc, not both at once
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        a = loc.requires_grad_(True)
        loc = (a + rate * torch.autograd.grad(elbo(a, log_scale).sum(), a)[0]).detach()
        b = log_scale.requires_grad_(True)
        log_scale = (b + rate * torch.autograd.grad(elbo(loc, b).sum(), b)[0]).detach()
    return loc, log_scale

# %% wrong best_on_the_way: returns for each call the point of the highest total bound on the way, not where the last step arrives
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    best, kept = -math.inf, (loc.clone(), log_scale.clone())
    for i in range(steps + 1):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        value = elbo(loc, log_scale).sum()
        if value.item() > best:
            best, kept = value.item(), (loc.detach().clone(), log_scale.detach().clone())
        up = torch.autograd.grad(value, (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0], log_scale.detach() + rate * up[1]
    return kept

# %% wrong stops_when_converged: stops when the largest gradient in the batch is below 1e-3
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        if max(u.abs().max() for u in up) < 1e-3:
            break
        loc, log_scale = loc.detach() + rate * up[0], log_scale.detach() + rate * up[1]
    return loc.detach(), log_scale.detach()

# %% wrong gradient_clipped: gradients are clipped to [-10, 10]
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0].clamp(-10, 10), log_scale.detach() + rate * up[1].clamp(-10, 10)
    return loc, log_scale

# %% wrong clipped_by_the_batch_norm: gradients are scaled down when the norm over the whole batch is above ten, so a datum's path depends on its neighbours
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    lam = [torch.nn.Parameter(t.detach().clone()) for t in (loc, log_scale)]
    opt = torch.optim.SGD(lam, lr=rate, maximize=True)
    for _ in range(steps):
        opt.zero_grad()
        elbo(*lam).sum().backward()
        torch.nn.utils.clip_grad_norm_(lam, 10.0)
        opt.step()
    return lam[0].detach(), lam[1].detach()

# %% wrong log_scale_bounded: the log scale is clamped to [-3, 3] after each step
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0], log_scale.detach() + rate * up[1]
        log_scale = log_scale.clamp(-3.0, 3.0)
    return loc, log_scale

# %% wrong rate_decays: the rate falls linearly to zero over the steps
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for i in range(steps):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * (1 - i / steps) * up[0], log_scale.detach() + rate * (1 - i / steps) * up[1]
    return loc, log_scale

# %% wrong adam_in_place_of_ascent: Adam with the given rate
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    lam = [torch.nn.Parameter(t.detach().clone()) for t in (loc, log_scale)]
    opt = torch.optim.Adam(lam, lr=rate, maximize=True)
    for _ in range(steps):
        opt.zero_grad()
        elbo(*lam).sum().backward()
        opt.step()
    return lam[0].detach(), lam[1].detach()

# %% wrong momentum: SGD with momentum 0.9; the first step is right
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    lam = [torch.nn.Parameter(t.detach().clone()) for t in (loc, log_scale)]
    opt = torch.optim.SGD(lam, lr=rate, momentum=0.9, maximize=True)
    for _ in range(steps):
        opt.zero_grad()
        elbo(*lam).sum().backward()
        opt.step()
    return lam[0].detach(), lam[1].detach()

# %% wrong gradients_pile_up: gradients are never cleared; the first step is right
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    lam = [torch.nn.Parameter(t.detach().clone()) for t in (loc, log_scale)]
    opt = torch.optim.SGD(lam, lr=rate, maximize=True)
    for _ in range(steps):
        elbo(*lam).sum().backward()
        opt.step()
    return lam[0].detach(), lam[1].detach()

# %% wrong start_overwritten: works on detached tensors that share the caller's memory
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    lam = [torch.nn.Parameter(t.detach()) for t in (loc, log_scale)]
    opt = torch.optim.SGD(lam, lr=rate, maximize=True)
    for _ in range(steps):
        opt.zero_grad()
        elbo(*lam).sum().backward()
        opt.step()
    return lam[0].detach(), lam[1].detach()

# %% wrong one_step_short: the first gradient is computed outside the loop and the last is never used: steps - 1 steps, for two or more
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(max(steps - 1, 1) if steps else 0):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0], log_scale.detach() + rate * up[1]
    return loc, log_scale

# %% wrong at_least_one_step: steps = 0 takes a step
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(max(steps, 1)):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0], log_scale.detach() + rate * up[1]
    return loc, log_scale

# %% wrong backtracking: a step after which a datum's bound is lower is not taken
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        a, b = loc.requires_grad_(True), log_scale.requires_grad_(True)
        value = elbo(a, b)
        up = torch.autograd.grad(value.sum(), (a, b))
        new = a.detach() + rate * up[0], b.detach() + rate * up[1]
        better = (elbo(*new) >= value).detach()[..., None]
        loc, log_scale = torch.where(better, new[0], a.detach()), torch.where(better, new[1], b.detach())
    return loc, log_scale

# %% wrong scale_and_not_log_scale: the second part climbs in sigma and is converted back; the gradient of another coordinate
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().clone(), log_scale.detach().clone()
    for _ in range(steps):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0], (log_scale.detach().exp() + rate * up[1] / log_scale.detach().exp()).clamp_min(1e-12).log()
    return loc, log_scale

# %% wrong single_precision: the climb is made in float32
def climb(elbo: Callable[[Tensor, Tensor], Tensor], loc: Tensor, log_scale: Tensor, steps: int, rate: float) -> tuple[Tensor, Tensor]:
    loc, log_scale = loc.detach().float(), log_scale.detach().float()
    for _ in range(steps):
        loc.requires_grad_(True)
        log_scale.requires_grad_(True)
        up = torch.autograd.grad(elbo(loc, log_scale).sum(), (loc, log_scale))
        loc, log_scale = loc.detach() + rate * up[0], log_scale.detach() + rate * up[1]
    return loc.double(), log_scale.double()
