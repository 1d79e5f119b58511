r"""Proposals that learn: a linear one for a linear Gaussian model, by climbing the mean log of an estimate of the evidence.

.. math:: q(z_t \mid z_{t-1}, x) = N\big(a z_{t-1} + b_0 x_t + b_1 x_{t+1} + b_2 x_{t+2}, s^2\big)

with numbers of its own for the first step. What is climbed decides what is learned: with one path it is the ELBO, with N paths that are
never resampled the importance-weighted bound of whole paths, with resampling the filter's bound (FIVO).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.learning import particle_filter
from course_vi.learning.history import smoke_cap
from course_vi.models import LinearGaussianSSM

__all__ = ["OBJECTIVES", "LinearProposal", "Objective", "learned_proposal", "noisy_walk"]

DOUBLE = torch.float64
AHEAD = 2


class Objective(NamedTuple):
    """How many particles, and the share of effective ones at which they are resampled: 0 never, 1 at every step."""

    particles: int
    resample_below: float


OBJECTIVES = {
    "one path": Objective(1, 0.0),
    "paths, never resampled": Objective(8, 0.0),
    "filter": Objective(8, 1.0),
}


def noisy_walk(steps: int = 20) -> LinearGaussianSSM:
    """z_t = 0.9 z_{t-1} + N(0, 1), x_t = z_t + N(0, 1/4), from z_1 ~ N(0, 1).

    >>> noisy_walk(5).steps
    5
    """
    one = torch.eye(1, dtype=DOUBLE)
    model = LinearGaussianSSM(0.9 * one, one, one, 0.25 * one, torch.zeros(1, dtype=DOUBLE), one, steps)  # fmt: skip
    return model.requires_grad_(False)


class LinearProposal(nn.Module):
    """R proposals side by side, one for each row of a batch ``(R, B)``. They begin near the model's own moves.

    Attributes:
        weights: of z_{t-1}, x_t, x_{t+1}, x_{t+2}, ``(R, 4)``; ``first`` likewise, for t = 0.
        log_scale: of both, ``(R, 2)``.

    >>> q, series = LinearProposal(5), torch.zeros(5, 7, 20, 1, dtype=DOUBLE)
    >>> q(3, torch.zeros(8, 5, 7, 1, dtype=DOUBLE), series).batch_shape
    torch.Size([8, 5, 7])
    """

    def __init__(self, rows: int, seed: int = 0) -> None:
        super().__init__()
        source = torch.Generator().manual_seed(seed)
        start = 0.1 * torch.randn(2, rows, 2 + AHEAD, generator=source, dtype=DOUBLE)
        start[1, :, 0] += 0.9
        self.first, self.weights = (nn.Parameter(part) for part in start)
        self.log_scale = nn.Parameter(torch.zeros(rows, 2, dtype=DOUBLE))

    def forward(self, t: int, previous: Tensor | None, x: Tensor) -> DiagonalNormal:
        weights = (self.first if previous is None else self.weights).unsqueeze(1)  # (R, 1, 4)
        window = x[..., t : t + 1 + AHEAD, 0]
        loc = (weights[..., 1 : 1 + window.shape[-1]] * window).sum(-1, keepdim=True)
        if previous is not None:
            loc = loc + weights[..., :1] * previous
        scale = self.log_scale[:, 0 if previous is None else 1].view(-1, 1, 1)
        return DiagonalNormal(loc, scale.expand_as(loc))


def learned_proposal(
    objective: str,
    seeds: Sequence[int],
    steps: int = 600,
    batch: int = 16,
    start: LinearProposal | None = None,
) -> tuple[LinearProposal, Tensor]:
    """Proposals that have climbed an objective on fresh series of ``noisy_walk()``, and what they climbed, ``(steps, R)``.

    Args:
        objective: a key of ``OBJECTIVES``.
        seeds: one for each row.
        start: where to begin; it is left as it is. By default near the model's own moves.
    """
    validate.one_of("objective", objective, tuple(OBJECTIVES))
    how, p, q = OBJECTIVES[objective], noisy_walk(), LinearProposal(len(seeds), seeds[0])
    if start is not None:
        q.load_state_dict(start.state_dict())
    source = torch.Generator().manual_seed(seeds[0])
    climber, steps, course = torch.optim.Adam(q.parameters(), lr=0.1), smoke_cap(steps), []
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(climber, steps)
    for _ in range(steps):
        x = p.sample(len(seeds) * batch, source)[0].view(len(seeds), batch, -1)
        found = particle_filter(p, x, *how[:1], q, how.resample_below, generator=source)
        climber.zero_grad()
        value = found.log_evidence.mean(-1)
        (-value.sum()).backward()
        climber.step()
        slower.step()
        course.append(value.detach())
    return q, torch.stack(course)
