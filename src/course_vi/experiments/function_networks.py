"""Neural processes that learn from functions of a Gaussian process, and what they say of single targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Normal

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.experiments.function_trial import EDGE, draw_functions
from course_vi.experiments.side_by_side import EachRow, seeded
from course_vi.families import process_posterior
from course_vi.learning import smoke_cap
from course_vi.models import ConditionalNeuralProcess, NeuralProcess

__all__ = ["KINDS", "Told", "fed_back", "new_processes", "told_of", "train_processes"]

Process = ConditionalNeuralProcess | NeuralProcess
KINDS = ("conditional", "latent")
POINTS, MOST = 24, 12  # points of a function in training, and of its context at most


def new_processes(kind: str, seeds: Sequence[int], hidden: int = 64) -> Process:
    """Networks before training, ``"conditional"`` or ``"latent"``, with 32 numbers for the function: R of them side by side, ``(R, B)``.

    >>> new_processes("conditional", [0, 1]).log_evidence(torch.zeros(2, 5, 48)).shape
    torch.Size([2, 5])
    """
    validate.one_of("kind", kind, KINDS)
    make = NeuralProcess if kind == "latent" else ConditionalNeuralProcess
    each = [make(POINTS, 0, 32, hidden=hidden, generator=seeded(seed)) for seed in seeds]
    model = each[0]
    rows = {
        "each": EachRow([one.encoder.each for one in each], between=2),
        "whole": EachRow([one.encoder.whole for one in each], between=1),
    }
    model.decoder = EachRow([one.decoder for one in each], between=2)
    for name, networks in rows.items():
        setattr(model.encoder, name, networks)
    return model


def train_processes(
    kind: str,
    seeds: Sequence[int],
    steps: int = 4000,
    hidden: int = 64,
    batch_size: int = 16,
    learning_rate: float = 4e-3,
    edge: float = EDGE,
) -> Process:
    """Train on fresh functions, each step with another size of the context; Adam, with a rate that falls to zero.

    The conditional processes climb the log-likelihood of their targets, the latent ones the ELBO with one sample. Functions and sizes
    are the same for both kinds.

    Args:
        edge: the inputs of training lie between minus this and this.
    """
    model, source, noise = new_processes(kind, seeds, hidden), seeded(1000 + seeds[0]), seeded(0)
    steps = smoke_cap(steps)
    climber = torch.optim.Adam(model.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(climber, lambda step: 1 - step / steps)
    for _ in range(steps):
        u = edge * (2 * torch.rand(len(seeds), batch_size, POINTS, generator=source) - 1)
        x = torch.stack([u, draw_functions(u, source)], -1).flatten(-2)
        model.num_context = int(torch.randint(MOST + 1, (), generator=source))
        climber.zero_grad()
        value = _objective(model, x, noise) / (POINTS - model.num_context)
        (-value.mean(-1).sum()).backward()
        climber.step()
        schedule.step()
    return model.eval()


def _objective(model: Process, x: Tensor, noise: torch.Generator) -> Tensor:
    if isinstance(model, ConditionalNeuralProcess):
        return model.log_evidence(x)
    q = process_posterior(model)
    z = q.sample(1, x, noise)
    return elbo(model.log_joint(x, z) - q(x, z))


class Told(NamedTuple):
    """What a network says of each target ``(*B, T)``: its log density, where it lies in it (from 0 to 1), and the standard deviation."""

    log_prob: Tensor
    place: Tensor
    scale: Tensor


@torch.no_grad()
def told_of(
    model: Process, context: Tensor, targets: Tensor, generator: torch.Generator | None = None
) -> Told:
    """The predictive distribution of each target by itself; of the latent process a mixture over 32 samples of z.

    Args:
        context, targets: points, input before output, ``(*B, m, 2)`` and ``(*B, T, 2)``.
    """
    inputs, y = targets[..., :1], targets[..., 1]
    if isinstance(model, ConditionalNeuralProcess):
        parts = model.outputs(context, inputs)
        loc, scale = (part.unsqueeze(0) for part in (parts.mean, parts.stddev))
    else:
        parts = model.outputs(inputs, model.given(context).rsample((32,), generator))
        loc, scale = parts.mean, parts.stddev
    each = Normal(loc.squeeze(-1), scale.squeeze(-1))
    log_prob = each.log_prob(y).logsumexp(0) - math.log(len(loc))
    wide = each.variance.mean(0) + each.mean.var(0, correction=0)
    return Told(log_prob, each.cdf(y).mean(0), wide.sqrt())


@torch.no_grad()
def fed_back(model: ConditionalNeuralProcess, context: Tensor, targets: Tensor) -> Tensor:
    """Sum of log p(y_t | the context and the targets before), ``(*B)``: each target, once scored, joins the context."""
    total = torch.zeros(targets.shape[:-2])
    for k in range(targets.shape[-2]):
        seen, next_one = torch.cat([context, targets[..., :k, :]], -2), targets[..., k : k + 1, :]
        total = total + told_of(model, seen, next_one).log_prob.squeeze(-1)
    return total
