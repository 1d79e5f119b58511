"""Networks of many seeds, trained side by side: each on minibatches of its own, all by one optimizer whose rate falls to zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from course_vi import validate
from course_vi.learning.history import smoke_cap
from course_vi.nets import SideBySide

__all__ = ["EachRow", "climb", "seeded"]


class EachRow(nn.Module):
    r"""R networks in the place of one: row r of an axis is read by network r.

    In a model that reads data ``(*B, Dx)`` it makes R models that read data ``(R, B, Dx)``, trained at once.

    Args:
        networks: R results of ``mlp`` with the same sizes.
        between: how many axes lie between that of the rows and that of the numbers which are read; 1 for data, 2 for points of data.

    >>> from course_vi.nets import mlp
    >>> pair, x = [mlp(3, 8, 2), mlp(3, 8, 2)], torch.randn(7, 2, 5, 4, 3)
    >>> both = EachRow(pair, between=2)
    >>> both(x).shape, torch.allclose(both(x)[:, 1], pair[1](x[:, 1]), atol=1e-6)
    (torch.Size([7, 2, 5, 4, 2]), True)
    """

    def __init__(self, networks: Sequence[nn.Sequential], between: int = 1) -> None:
        super().__init__()
        validate.positive_integer("between", between)
        self.networks, self.between = SideBySide(networks), between

    def forward(self, x: Tensor) -> Tensor:
        """``(*K, R, *B, inputs)`` to ``(*K, R, *B, outputs)``."""
        inner = x.shape[-1 - self.between : -1]
        found: Tensor = self.networks(x.flatten(-1 - self.between, -2))
        return found.reshape(*found.shape[:-2], *inner, found.shape[-1])


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
