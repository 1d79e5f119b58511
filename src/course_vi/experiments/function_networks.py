"""Conditional neural processes that learn from functions of a Gaussian process, and what they say of single targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Normal

from course_vi.experiments.function_trial import EDGE, draw_functions
from course_vi.experiments.side_by_side import EachRow, seeded
from course_vi.learning import smoke_cap
from course_vi.models import ConditionalNeuralProcess

__all__ = ["Told", "fed_back", "new_processes", "told_of", "train_processes"]

POINTS, MOST = 24, 12  # points of a function in training, and of its context at most


def new_processes(seeds: Sequence[int], hidden: int = 64) -> ConditionalNeuralProcess:
    """Networks before training, R of them side by side, with 32 numbers for the summary; they read ``(R, B)`` functions.

    >>> new_processes([0, 1]).log_evidence(torch.zeros(2, 5, 48)).shape
    torch.Size([2, 5])
    """
    each = [
        ConditionalNeuralProcess(POINTS, 0, 32, hidden=hidden, generator=seeded(seed))
        for seed in seeds
    ]
    model = each[0]
    rows = {
        "each": EachRow([one.encoder.each for one in each], between=2),
        "whole": EachRow([one.encoder.whole for one in each], between=1),
        "decoder": EachRow([one.decoder for one in each], between=2),
    }
    model.decoder = rows.pop("decoder")  # type: ignore[assignment]
    for name, networks in rows.items():
        setattr(model.encoder, name, networks)
    return model


def train_processes(
    seeds: Sequence[int],
    steps: int = 2000,
    hidden: int = 64,
    batch_size: int = 16,
    learning_rate: float = 4e-3,
    edge: float = EDGE,
) -> ConditionalNeuralProcess:
    """Train on fresh functions, each step with another size of the context; Adam, with a rate that falls to zero.

    They climb the log-likelihood of their targets, each on functions of its own.

    Args:
        edge: the inputs of training lie between minus this and this.
    """
    model, source, steps = new_processes(seeds, hidden), seeded(1000 + seeds[0]), smoke_cap(steps)
    climber = torch.optim.Adam(model.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(climber, lambda step: 1 - step / steps)
    for _ in range(steps):
        u = edge * (2 * torch.rand(len(seeds), batch_size, POINTS, generator=source) - 1)
        x = torch.stack([u, draw_functions(u, source)], -1).flatten(-2)
        model.num_context = int(torch.randint(MOST + 1, (), generator=source))
        climber.zero_grad()
        value = model.log_evidence(x) / (POINTS - model.num_context)
        (-value.mean(-1).sum()).backward()
        climber.step()
        schedule.step()
    return model.eval()


class Told(NamedTuple):
    """What is said of each target ``(*B, T)``: its log density, where it lies in it (from 0 to 1), and the standard deviation."""

    log_prob: Tensor
    place: Tensor
    scale: Tensor


@torch.no_grad()
def told_of(model: ConditionalNeuralProcess, context: Tensor, targets: Tensor) -> Told:
    """The predictive distribution of each target by itself.

    Args:
        context, targets: points, input before output, ``(*B, m, 2)`` and ``(*B, T, 2)``.
    """
    parts, y = model.outputs(context, targets[..., :1]), targets[..., 1]
    each = Normal(parts.mean.squeeze(-1), parts.stddev.squeeze(-1))
    return Told(each.log_prob(y), each.cdf(y), each.stddev)


@torch.no_grad()
def fed_back(model: ConditionalNeuralProcess, context: Tensor, targets: Tensor) -> Tensor:
    """Sum of log p(y_t | the context and the targets before), ``(*B)``: each target, once scored, joins the context."""
    total = torch.zeros(targets.shape[:-2])
    for k in range(targets.shape[-2]):
        seen, next_one = torch.cat([context, targets[..., :k, :]], -2), targets[..., k : k + 1, :]
        total = total + told_of(model, seen, next_one).log_prob.squeeze(-1)
    return total
