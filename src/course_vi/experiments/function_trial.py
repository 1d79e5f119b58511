r"""The Gaussian process that draws the functions of lecture 16, and that its neural processes are held against.

Every function is drawn from a process with the kernel :math:`\exp(-(u - v)^2 / 2 \ell^2)` and noise :math:`\sigma`, at inputs in
(-2, 2). What a network should have said of any target is therefore a Gaussian, known in closed form.
"""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi.distributions import CholeskyNormal

__all__ = ["EDGE", "LENGTH", "NOISE", "draw_functions", "exact_prediction"]

LENGTH, NOISE, EDGE = 1.0, 0.1, 2.0


def _covariance(u: Tensor, v: Tensor, length: float) -> Tensor:
    """The kernel between inputs ``(*B, n)`` and ``(*B, m)``."""
    return (-0.5 * ((u.unsqueeze(-1) - v.unsqueeze(-2)) / length).square()).exp()


def _noisy(u: Tensor, length: float) -> Tensor:
    eye = torch.eye(u.shape[-1], dtype=u.dtype, device=u.device)
    return _covariance(u, u, length) + NOISE**2 * eye


def draw_functions(
    u: Tensor, generator: torch.Generator | None = None, length: float = LENGTH
) -> Tensor:
    """Noisy values ``(*B, n)`` of one function for each row of inputs ``(*B, n)``, from the process with this lengthscale.

    >>> draw_functions(torch.zeros(3, 4)).shape
    torch.Size([3, 4])
    """
    root = torch.linalg.cholesky(_noisy(u, length))
    eps = torch.randn(u.shape, generator=generator, dtype=u.dtype, device=u.device)
    return (root @ eps.unsqueeze(-1)).squeeze(-1)


def exact_prediction(
    u: Tensor, y: Tensor, inputs: Tensor, length: float = LENGTH
) -> CholeskyNormal:
    """p(y_T | x_T, C), all targets together: context inputs and outputs ``(*B, m)``, targets' inputs ``(*B, t)``; noise included.

    It is exact for functions of the process with this lengthscale.

    >>> found = exact_prediction(torch.zeros(1), torch.ones(1), torch.tensor([0.0, 9.0]))
    >>> [round(value, 2) for value in found.mean.tolist()]
    [0.99, 0.0]
    """
    root = torch.linalg.cholesky(_noisy(u, length))
    half = torch.linalg.solve_triangular(root, _covariance(u, inputs, length), upper=False)
    white = torch.linalg.solve_triangular(root, y.unsqueeze(-1), upper=False)
    mean = (half.mT @ white).squeeze(-1)
    return CholeskyNormal(mean, torch.linalg.cholesky(_noisy(inputs, length) - half.mT @ half))
