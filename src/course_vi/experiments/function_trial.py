r"""Neural processes against the Gaussian process that drew their functions.

Every function is drawn from a process with the kernel :math:`\exp(-(u - v)^2 / 2 \ell^2)` and noise :math:`\sigma`, at inputs in (-2, 2). What a network
should have said of any target is therefore a Gaussian, known in closed form.
"""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.distributions import CholeskyNormal
from course_vi.experiments.side_by_side import seeded
from course_vi.families import process_posterior
from course_vi.learning import smoke_cap
from course_vi.models import ConditionalNeuralProcess, NeuralProcess

__all__ = ["EDGE", "LENGTH", "NOISE", "draw_functions", "exact_prediction", "train_process"]

LENGTH, NOISE, EDGE = 0.5, 0.1, 2.0
POINTS, MOST = 32, 20  # points of a function in training, and of its context at most
Process = ConditionalNeuralProcess | NeuralProcess


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


def new_process(kind: str, seed: int, hidden: int = 64) -> Process:
    """A network before training: ``"conditional"`` or ``"latent"``."""
    validate.one_of("kind", kind, ("conditional", "latent"))
    if kind == "latent":
        return NeuralProcess(POINTS, 0, 16, hidden=hidden, generator=seeded(seed))
    return ConditionalNeuralProcess(POINTS, 0, hidden, hidden=hidden, generator=seeded(seed))


def train_process(
    kind: str,
    seed: int,
    steps: int = 4000,
    hidden: int = 64,
    batch_size: int = 16,
    learning_rate: float = 3e-3,
    edge: float = EDGE,
) -> Process:
    """Train on fresh functions, each step with another size of the context; Adam, with a rate that falls to zero.

    The conditional process climbs the log-likelihood of its targets, the latent one the ELBO with one sample.

    Args:
        edge: the inputs of training lie between minus this and this.
    """
    model, source = new_process(kind, seed, hidden), seeded(1000 + seed)
    steps = smoke_cap(steps)
    climber = torch.optim.Adam(model.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(climber, lambda step: 1 - step / steps)
    for _ in range(steps):
        u = edge * (2 * torch.rand(batch_size, POINTS, generator=source) - 1)
        x = torch.stack([u, draw_functions(u, source)], -1).flatten(1)
        model.num_context = int(torch.randint(MOST + 1, (), generator=source))
        climber.zero_grad()
        (-_objective(model, x, source).mean()).backward()
        climber.step()
        schedule.step()
    return model.eval()


def _objective(model: Process, x: Tensor, source: torch.Generator) -> Tensor:
    if isinstance(model, ConditionalNeuralProcess):
        return model.log_evidence(x) / (model.num_points - model.num_context)
    q = process_posterior(model)
    z = q.sample(1, x, source)
    return elbo(model.log_joint(x, z) - q(x, z)) / (model.num_points - model.num_context)
