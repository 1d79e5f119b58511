import torch
from torch import Tensor


def slope_of(f, z: Tensor) -> Tensor:
    at = z.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad((f(at) + 0 * at).sum(), at)
    return slope


def score_rows(f, loc, s, eps, border):
    gain = f(loc + s * eps).detach() - border
    return torch.stack([gain / s, gain * (eps - 1)], -1)


def crossed(places, heights, loc, s):
    """What the jumps bring, for loc and for log_scale; nothing from below loc."""
    ahead = places > loc
    away = torch.where(ahead, places - loc, 0.0)
    flow = torch.where(ahead, heights * torch.exp(-away / s) / s, 0.0)
    return torch.stack([flow.sum(), (flow * away).sum()])


def path_rows(f, loc, s, eps):
    slope = slope_of(f, loc + s * eps)
    return torch.stack([slope, slope * s * eps], -1)

# %% right vector_jacobian: slopes by autograd.functional.vjp, the jumps by one matrix product of speeds and flows, and the height at the border as the baseline of both scores
def two_repairs(f, places: Tensor, heights: Tensor, loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, s = loc.detach(), log_scale.detach().exp()
    z = loc + s * eps
    asked = f(torch.cat([z, loc.reshape(1)])).detach()
    gain = asked[:-1] - asked[-1]
    score = gain.unsqueeze(-1) * torch.stack([torch.ones_like(eps) / s, eps - 1], -1)

    _, slope = torch.autograd.functional.vjp(f, z, torch.ones_like(z))
    steps = [
        (h * torch.exp(-(c - loc) / s) / s, c - loc) for c, h in zip(places.unbind(), heights.unbind()) if bool(c > loc)
    ]
    flow = torch.stack([torch.zeros_like(loc), *(a for a, _ in steps)])
    speed = torch.stack([torch.zeros(2).to(loc), *(torch.stack([torch.ones_like(d), d]) for _, d in steps)])
    path = slope.unsqueeze(-1) * torch.stack([torch.ones_like(eps), s * eps], -1) + flow @ speed
    return score, path

# %% wrong border_from_the_smallest_sample: takes the height at the edge from the smallest of the samples; close when there are many, and biased
def two_repairs(f, places: Tensor, heights: Tensor, loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, s = loc.detach(), log_scale.detach().exp()
    border = f(loc + s * eps.min())
    return score_rows(f, loc, s, eps, border), path_rows(f, loc, s, eps) + crossed(places, heights, loc, s)

# %% wrong slopes_by_difference: takes the slope of f by a central difference, which now and then straddles a jump and counts it once more
def two_repairs(f, places: Tensor, heights: Tensor, loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, s = loc.detach(), log_scale.detach().exp()
    z, h = loc + s * eps, 0.01 * s
    slope = (f(z + h) - f(z - h)) / (2 * h)
    path = torch.stack([slope, slope * s * eps], -1) + crossed(places, heights, loc, s)
    return score_rows(f, loc, s, eps, f(loc)), path.detach()

# %% wrong the_first_jump_only: looks for the first jump beyond the edge and forgets those after it; right for one jump
def two_repairs(f, places: Tensor, heights: Tensor, loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, s = loc.detach(), log_scale.detach().exp()
    path = path_rows(f, loc, s, eps)
    ahead = torch.nonzero(places > loc)[:, 0]
    if len(ahead):
        first = ahead[places[ahead].argmin()].reshape(1)
        path = path + crossed(places[first], heights[first], loc, s)
    return score_rows(f, loc, s, eps, f(loc)), path

# %% wrong only_for_those_beyond: adds the term of a jump to the samples that lie beyond it, since "the others have not paid the fee", and so only a part of it on average
def two_repairs(f, places: Tensor, heights: Tensor, loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, s = loc.detach(), log_scale.detach().exp()
    path = path_rows(f, loc, s, eps)
    for c, h in zip(places, heights):
        beyond = (loc + s * eps > c).to(eps).unsqueeze(-1)
        path = path + beyond * crossed(c.reshape(1), h.reshape(1), loc, s)
    return score_rows(f, loc, s, eps, f(loc)), path
