r"""Neural processes against the Gaussian process that drew their functions.

Every function is drawn from a process with the kernel :math:`\exp(-(u - v)^2 / 2 \ell^2)` and noise :math:`\sigma`, at inputs in
(-2, 2). What a network should have said of any target is therefore a Gaussian, known in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from course_vi.distributions import CholeskyNormal
from course_vi.experiments.side_by_side import seeded
from course_vi.learning import smoke_cap
from course_vi.models import ConditionalNeuralProcess

__all__ = ["EDGE", "LENGTH", "NOISE", "draw_functions", "exact_prediction", "train_conditionals"]

LENGTH, NOISE, EDGE = 1.0, 0.1, 2.0
POINTS, MOST = 24, 12  # points of a function in training, and of its context at most


def _covariance(u: Tensor, v: Tensor) -> Tensor:
    """The kernel between inputs ``(*B, n)`` and ``(*B, m)``."""
    return (-0.5 * ((u.unsqueeze(-1) - v.unsqueeze(-2)) / LENGTH).square()).exp()


def _noisy(u: Tensor) -> Tensor:
    eye = torch.eye(u.shape[-1], dtype=u.dtype, device=u.device)
    return _covariance(u, u) + NOISE**2 * eye


def draw_functions(u: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Noisy values ``(*B, n)`` of one function for each row of inputs ``(*B, n)``.

    >>> draw_functions(torch.zeros(3, 4)).shape
    torch.Size([3, 4])
    """
    root = torch.linalg.cholesky(_noisy(u))
    eps = torch.randn(u.shape, generator=generator, dtype=u.dtype, device=u.device)
    return (root @ eps.unsqueeze(-1)).squeeze(-1)


def exact_prediction(u: Tensor, y: Tensor, inputs: Tensor) -> CholeskyNormal:
    """p(y_T | x_T, C), all targets together: context inputs and outputs ``(*B, m)``, targets' inputs ``(*B, t)``; noise included.

    >>> found = exact_prediction(torch.zeros(1), torch.ones(1), torch.tensor([0.0, 9.0]))
    >>> [round(value, 2) for value in found.mean.tolist()]
    [0.99, 0.0]
    """
    root = torch.linalg.cholesky(_noisy(u))
    half = torch.linalg.solve_triangular(root, _covariance(u, inputs), upper=False)
    white = torch.linalg.solve_triangular(root, y.unsqueeze(-1), upper=False)
    mean = (half.mT @ white).squeeze(-1)
    return CholeskyNormal(mean, torch.linalg.cholesky(_noisy(inputs) - half.mT @ half))


def train_conditionals(
    seeds: Sequence[int],
    steps: int = 4000,
    hidden: int = 64,
    batch_size: int = 16,
    learning_rate: float = 4e-3,
    edge: float = EDGE,
) -> list[ConditionalNeuralProcess]:
    """A conditional neural process for each seed, on fresh functions, each step with another size of the context.

    They climb the log-likelihood of their targets, side by side: every seed has weights and functions of its own, Adam a rate that
    falls to zero.

    Args:
        edge: the inputs of training lie between minus this and this.
    """
    if not seeds:
        raise ValueError("seeds is empty; expected one or more whole numbers")
    models = [
        ConditionalNeuralProcess(POINTS, 0, hidden, hidden=hidden, generator=seeded(seed))
        for seed in seeds
    ]
    weights, _ = stack_module_state(models)  # type: ignore[arg-type]
    source, steps = seeded(1000 + seeds[0]), smoke_cap(steps)
    climber = torch.optim.Adam(weights.values(), learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(climber, lambda step: 1 - step / steps)

    def score(own: dict[str, Tensor], context: Tensor, targets: Tensor) -> Tensor:
        parts = functional_call(_Outputs(models[0]), own, (context, targets[..., :1]))
        return _log_normal(targets[..., 1:], *parts).mean()

    for _ in range(steps):
        shape = (len(seeds), batch_size, POINTS)
        u = edge * (2 * torch.rand(shape, generator=source) - 1)
        points = torch.stack([u, draw_functions(u, source)], -1)
        given = int(torch.randint(MOST + 1, (), generator=source))
        named = {f"model.{name}": value for name, value in weights.items()}
        climber.zero_grad()
        value = torch.vmap(score)(named, points[:, :, :given], points[:, :, given:])
        (-value.sum()).backward()
        climber.step()
        schedule.step()
    for row, model in enumerate(models):
        model.load_state_dict({name: value[row].detach() for name, value in weights.items()})
        model.eval()
    return models


class _Outputs(nn.Module):
    """Mean and standard deviation of the targets' outputs, as a module's call, which is what torch can run for many weights at once."""

    def __init__(self, model: ConditionalNeuralProcess) -> None:
        super().__init__()
        self.model = model

    def forward(self, context: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        parts = self.model.outputs(context, inputs)
        return parts.mean, parts.stddev


def _log_normal(y: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    return -0.5 * ((y - loc) / scale).square() - scale.log() - 0.5 * math.log(2 * math.pi)
