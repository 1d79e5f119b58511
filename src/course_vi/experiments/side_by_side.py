"""Networks of many seeds, trained side by side: each on minibatches of its own, all by one optimizer whose rate falls to zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.optim.lr_scheduler import CosineAnnealingLR

from course_vi.learning.history import smoke_cap

__all__ = ["climb", "seeded"]


def climb(
    objective: Callable[[Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    seeds: Sequence[int],
    steps: int,
    batch_size: int,
) -> Tensor:
    """Raise an objective by what the optimizer holds, and by nothing else; along a cosine its rate falls to zero.

    Args:
        objective: of minibatches ``(R, batch_size, Dx)``, a row for each of the R seeds: ``(R, batch_size)``.
        x: ``(N, Dx)``. Seed s draws the minibatches of row s, whatever other seeds there are.

    Returns:
        The objective's mean over the minibatch, step by step, ``(steps, R)``.
    """
    learned = [value for group in optimizer.param_groups for value in group["params"]]
    steps, course = smoke_cap(steps), []
    schedule = CosineAnnealingLR(optimizer, steps)
    choosers = [seeded(1000 + seed) for seed in seeds]
    for _ in range(steps):
        rows = [torch.randint(len(x), (batch_size,), generator=one) for one in choosers]
        value = objective(x[torch.stack(rows)]).mean(-1)
        slopes = torch.autograd.grad(-value.sum(), learned)
        for parameter, slope in zip(learned, slopes, strict=True):
            parameter.grad = slope
        optimizer.step()
        schedule.step()
        course.append(value.detach())
    return torch.stack(course)


def seeded(seed: int) -> torch.Generator:
    """A generator on the CPU."""
    return torch.Generator().manual_seed(seed)
