import math

import torch
from torch import Tensor

# %% right one_point_after_the_other: the conjugate update for a single point, folded over the columns; a missing point stands where the mean is and has weight zero
def pooled_posterior(points: Tensor, present: Tensor, prior: Tensor) -> Tensor:
    from functools import reduce

    def take(four: tuple[Tensor, ...], column: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        (m, k, a, b), (x, there) = four, column
        one = there.to(m.dtype)
        off = torch.where(there, x, m) - m
        return m + one * off / (k + 1), k + one, a + one / 2, b + one * k * off**2 / (2 * (k + 1))

    shape = points.shape[:-1]
    start = tuple(part.expand(shape).to(points.dtype) for part in prior.unbind())
    return torch.stack(reduce(take, zip(points.unbind(-1), present.unbind(-1), strict=True), start), -1)

# %% wrong nan_as_missing: asks the points themselves whether they are there, by NaN, so a number in the padding counts as a point
def pooled_posterior(points: Tensor, present: Tensor, prior: Tensor) -> Tensor:
    m, k, a, b = prior.unbind()
    there = ~points.isnan()
    n = there.sum(-1).to(points.dtype)
    x = torch.where(there, points, torch.zeros_like(points))
    mean = x.sum(-1) / n.clamp(min=1)
    spread = torch.where(there, x - mean.unsqueeze(-1), torch.zeros_like(x)).square().sum(-1)
    return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, b + 0.5 * spread + 0.5 * k * n / (k + n) * (mean - m) ** 2], -1)

# %% wrong points_come_first: counts the points, and reads so many from the left, as if padding stood at the end only
def pooled_posterior(points: Tensor, present: Tensor, prior: Tensor) -> Tensor:
    m, k, a, b = prior.unbind()
    size = present.sum(-1, keepdim=True)
    there = torch.arange(points.shape[-1], device=points.device) < size
    n = size.squeeze(-1).to(points.dtype)
    x = torch.where(there, points.nan_to_num(), torch.zeros_like(points))
    mean = x.sum(-1) / n.clamp(min=1)
    spread = torch.where(there, x - mean.unsqueeze(-1), torch.zeros_like(x)).square().sum(-1)
    return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, b + 0.5 * spread + 0.5 * k * n / (k + n) * (mean - m) ** 2], -1)

# %% wrong clamped_size: takes care of 0 / 0 by a size of at least one, and goes on with that size, so the empty set has learned something
def pooled_posterior(points: Tensor, present: Tensor, prior: Tensor) -> Tensor:
    m, k, a, b = prior.unbind()
    n = present.sum(-1).clamp(min=1).to(points.dtype)
    x = torch.where(present, points, m)
    mean = m + (x - m).sum(-1) / n
    spread = torch.where(present, x - mean.unsqueeze(-1), torch.zeros_like(x)).square().sum(-1)
    return torch.stack([(k * m + n * mean) / (k + n), k + n, a + n / 2, b + 0.5 * spread + 0.5 * k * n / (k + n) * (mean - m) ** 2], -1)

# %% wrong pull_of_the_prior: completes the square with the prior's pull on the new mean alone, and forgets that the points' mean lies off the new mean, too
def pooled_posterior(points: Tensor, present: Tensor, prior: Tensor) -> Tensor:
    m, k, a, b = prior.unbind()
    n = present.sum(-1).to(points.dtype)
    x = torch.where(present, points, torch.zeros_like(points))
    mean = x.sum(-1) / n.clamp(min=1)
    spread = torch.where(present, x - mean.unsqueeze(-1), torch.zeros_like(x)).square().sum(-1)
    new = (k * m + n * mean) / (k + n)
    return torch.stack([new, k + n, a + n / 2, b + 0.5 * spread + 0.5 * k * (new - m) ** 2], -1)
