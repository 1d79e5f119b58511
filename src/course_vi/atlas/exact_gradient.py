r"""The exact gradient in phi of the ELBO and of the importance-weighted bound, for every column of the atlas.

All goes through the moments of one weight, :math:`\mathbb E w^p`, from which ``laboratory.exact_bound`` makes the K-sample bound, and
autograd its gradient. Where log w is a quadratic in standard normal noise, :math:`a + b^\top\epsilon + \tfrac12 \epsilon^\top C \epsilon`,

.. math:: \log \mathbb E w^p = p a - \tfrac12 \log\det(I - pC) + \tfrac12 p^2\, b^\top (I - pC)^{-1} b;

elsewhere the moments are sums over states, or over a grid that is fine enough for the trapezoid rule.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_vi.atlas.problems import NOISES, REACH, Problem
from course_vi.laboratory.exact_bound import WeightMoments, expected_power_bound

__all__ = ["exact_gradient", "weight_moments"]


def exact_gradient(problem: Problem, bound: str, num_samples: int) -> dict[str, Tensor]:
    """The gradient of the expected bound in the parameters of q, ``{name: tensor}``.

    Args:
        bound: ``"elbo"`` or ``"iwae"``.

    >>> from course_vi.atlas.problems import PROBLEMS
    >>> round(exact_gradient(PROBLEMS["toy"].make(), "elbo", 4)["loc"].item(), 6)         # x - 2 m at m = 1 - 1 / sqrt 2
    1.414214
    """
    value = expected_power_bound(weight_moments(problem), num_samples, {"elbo": 1.0, "iwae": 0.0}[bound])  # fmt: skip
    named = dict(problem.q.named_parameters())
    found = torch.autograd.grad(value, list(named.values()), allow_unused=True)
    return {
        name: torch.zeros_like(parameter) if gradient is None else gradient
        for (name, parameter), gradient in zip(named.items(), found, strict=True)
    }


def weight_moments(problem: Problem) -> WeightMoments:
    """The moments of w = p(x, z) / q(z), differentiable in the parameters of q."""
    if problem.nodes == "quadratic":
        return _quadratic(problem)
    if problem.nodes == "noise":
        return _summed(*_on_noise(problem), finite=False)
    assert not isinstance(problem.nodes, str)
    z, log_cell = problem.nodes
    log_q = problem.q(problem.x, z)
    return _summed(log_q + log_cell, problem.p.log_joint(problem.x, z) - log_q, finite=bool((log_cell == 0).all()))  # fmt: skip


def _log_weights(problem: Problem, eps: Tensor) -> Tensor:
    """log w ``(N,)`` at noise ``(N, noise_dim)``."""
    z = problem.q.transport(eps, problem.x)
    return problem.p.log_joint(problem.x, z) - problem.q(problem.x, z)


def _quadratic(problem: Problem) -> WeightMoments:
    """a, b and C read off at 0, at the unit vectors and at their sums; exact, since there are no higher terms."""
    size = problem.q.noise_dim
    unit = torch.eye(size, dtype=torch.float64)
    rows, columns = torch.triu_indices(size, size, 1)
    places = torch.cat([torch.zeros_like(unit[:1]), unit, -unit, unit[rows] + unit[columns]])
    middle, plus, minus, both = _log_weights(problem, places).split([1, size, size, len(rows)])
    b, diagonal = (plus - minus) / 2, plus + minus - 2 * middle
    off = both - plus[rows] - plus[columns] + middle
    c = torch.diag(diagonal).index_put((rows, columns), off).index_put((columns, rows), off)

    def log_moment(power: Tensor) -> Tensor:
        left = torch.eye(size, dtype=power.dtype) - power.reshape(-1, 1, 1) * c
        sign, size_of = torch.linalg.slogdet(left)
        solved = torch.linalg.solve(left, b.to(power.dtype).expand(len(power), size).unsqueeze(-1))
        bent = (solved.squeeze(-1) * b).sum(-1)
        return power * middle - (size_of + sign.log()) / 2 + power.square() * bent / 2

    bends = torch.linalg.eigvalsh(c.detach())
    low, high = float(bends[0]), float(bends[-1])
    spread = math.sqrt(float(b.detach().square().sum() + c.detach().square().sum() / 2))
    return WeightMoments(
        log_moment,
        middle[0] + diagonal.sum() / 2,
        spread,
        1 / low if low < -1e-9 else -math.inf,
        1 / high if high > 1e-9 else math.inf,
    )


def _on_noise(problem: Problem) -> tuple[Tensor, Tensor]:
    """log weights of a grid in the noise, ``(N,)``, and log w there."""
    size = problem.q.noise_dim
    line = torch.linspace(-REACH, REACH, NOISES[size], dtype=torch.float64)
    eps = torch.cartesian_prod(*[line] * size).reshape(-1, size)
    return (-eps.square().sum(-1) / 2).log_softmax(0), _log_weights(problem, eps)


def _summed(log_density: Tensor, log_w: Tensor, finite: bool) -> WeightMoments:
    """Moments by a sum over nodes. Of finitely many states all are finite; on a grid E w is, and a little below E 1."""
    density = log_density.exp()
    mean = (density * log_w).sum()
    spread = float((density * (log_w - mean).square()).sum().sqrt().detach())

    def log_moment(power: Tensor) -> Tensor:
        terms = log_density + power.unsqueeze(-1) * log_w
        pivot = terms.real.amax(-1, keepdim=True).detach()
        return (terms - pivot).exp().sum(-1).log() + pivot.squeeze(-1)

    edges = (-math.inf, math.inf) if finite else (-0.4, 1.0)
    return WeightMoments(log_moment, mean, spread, *edges)
