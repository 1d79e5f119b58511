r"""Stein variational gradient descent: particles that climb the posterior and keep each other at a distance.

.. math:: z_i \leftarrow z_i + \rho\, \phi(z_i), \qquad
          \phi(z) = \frac1n \sum_{j=1}^n \big[ k(z_j, z)\, \nabla_{z_j} \log p(x, z_j) + \nabla_{z_j} k(z_j, z) \big]

Among all small moves of the particles whose size is measured by the kernel, this one lowers :math:`\mathrm{KL}(q \| p(z \mid x))` fastest.
The first term pulls towards the data, weighted by who is near; the second pushes particles apart. There is no density q: only its samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from course_vi import validate
from course_vi.learning.history import smoke_cap
from course_vi.models.base import Model

__all__ = ["linear_kernel", "rbf_kernel", "stein_direction", "stein_vgd"]

Kernel = Callable[[Tensor, Tensor], Tensor]


def rbf_kernel(a: Tensor, b: Tensor) -> Tensor:
    r""":math:`k(a, b) = \exp(-\lVert a - b \rVert^2 / h)`, ``(...)`` for points ``(..., D)``, with h by the median heuristic:

    :math:`h = \mathrm{med}^2 / \log n`, with med the median distance of different points among the n x n pairs, a constant. So a
    particle's own term, with weight one, balances about n others. One particle, or all in one place: h = 1.

    >>> z = torch.tensor([[0.0], [1.0]])
    >>> rbf_kernel(z.unsqueeze(1), z)
    tensor([[1.0000, 0.5000],
            [0.5000, 1.0000]])
    """
    squared = (a - b).square().sum(-1)
    apart = squared.detach()[squared.detach() > 0]
    h = apart.median() / math.log(max(squared.shape[-1], 2)) if apart.numel() else 1.0
    return (-squared / h).exp()


def linear_kernel(a: Tensor, b: Tensor) -> Tensor:
    r""":math:`k(a, b) = 1 + a^\top b`: at rest, mean and covariance of the particles are those of a Gaussian target *exactly*.

    Nothing else about the particles is (Liu and Wang, "Stein variational gradient descent as moment matching", NeurIPS 2018).
    """
    return 1 + (a * b).sum(-1)


def stein_direction(
    log_p: Callable[[Tensor], Tensor], z: Tensor, kernel: Kernel = rbf_kernel
) -> Tensor:
    r""":math:`\phi(z_i)` for every particle, ``(n, D)``.

    Args:
        log_p: from ``(n, D)`` to ``(n,)``, up to a constant.
        z: particles, ``(n, D)``.
        kernel: k(a, b), ``(...)`` for points ``(..., D)``, differentiable in a.

    >>> stein_direction(lambda z: -0.5 * z.square().sum(-1), torch.tensor([[2.0]]))      # one particle: the gradient
    tensor([[-2.]])
    """
    if not isinstance(z, Tensor) or z.dim() != 2 or len(z) == 0:
        raise ValueError(f"z has shape {tuple(z.shape)}; expected particles (n, D), one or more")
    with torch.enable_grad():
        moving = z.detach().requires_grad_()
        value = log_p(moving)
        if value.shape != z.shape[:1]:
            raise ValueError(
                f"log_p gave shape {tuple(value.shape)}; expected {tuple(z.shape[:1])}, one number per particle"
            )
        if not value.requires_grad:
            raise TypeError("log_p has no gradient in z; expected continuous latents")
        (score,) = torch.autograd.grad(value.sum(), moving)
        pairs = (
            z.detach().unsqueeze(1).expand(len(z), *z.shape).clone().requires_grad_()
        )  # z_j, once for each z_i
        weights = kernel(pairs, z.detach())  # (j, i): k(z_j, z_i)
        (repulsion,) = torch.autograd.grad(weights.sum(), pairs)
    return (weights.detach().mT @ score + repulsion.sum(0)) / len(z)


def stein_vgd(
    p: Model,
    x: Tensor,
    particles: Tensor,
    steps: int = 500,
    learning_rate: float = 0.1,
    kernel: Kernel = rbf_kernel,
    optimizer: Callable[[Iterable[Tensor]], torch.optim.Optimizer] | None = None,
) -> Tensor:
    r"""Move particles towards the posterior of one datum, or of global latents. Deterministic: all chance is in where they start.

    Args:
        p: a model with continuous latents. Its parameters are left alone.
        x: one datum ``(Dx,)``, or the data set ``(N, Dx)`` of a model with global latents.
        particles: where they start, ``(n, D)``; all different, or they move as one. One particle climbs to the mode (MAP).
        steps: capped when ``COURSE_VI_SMOKE`` is set.
        learning_rate: of Adam, which falls linearly to zero, so that the particles come to rest.
        kernel: see ``stein_direction``.
        optimizer: makes another optimizer from ``[z]``; it is given the negative direction as z's gradient.

    Returns:
        The particles at the end, ``(n, D)``. Time n^2 D per step.

    The n particles are no independent draws: with the default kernel and few of them, or in many dimensions, they are too close together
    (variances too small), and no log-density comes with them.

    Raises:
        TypeError: log p has no gradient in z (discrete latents).
        ValueError: shapes; a batch of data with latents of their own; NaN or infinity in the data.
        FloatingPointError: a direction stopped being finite; the message names the step.

    Source: Liu and Wang, "Stein variational gradient descent", NeurIPS 2016.

    >>> from course_vi.models import ConjugateToy
    >>> start = torch.randn(30, 1, generator=torch.Generator().manual_seed(0))
    >>> z = stein_vgd(ConjugateToy(), torch.tensor([2.0]), start, steps=200)      # the posterior is N(1, 1/2)
    >>> abs(z.mean().item() - 1.0) < 0.01, abs(z.var().item() - 0.5) < 0.05
    (True, True)
    """
    validate.positive_integer("steps", steps)
    validate.event_size("x", x, p.data_dim)
    validate.event_size("particles", particles, p.latent_dim)
    validate.same_place("x", x, "particles", particles)
    validate.finite("x", x)
    if p.local and x.dim() != 1:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected one datum ({p.data_dim},), for each has a posterior of its own"
        )
    steps = smoke_cap(steps)
    z = particles.detach().clone().requires_grad_()
    optimizer_ = torch.optim.Adam([z], lr=learning_rate) if optimizer is None else optimizer([z])
    schedule = (
        torch.optim.lr_scheduler.LambdaLR(optimizer_, lambda step: 1 - step / steps)
        if optimizer is None
        else None
    )
    for step in range(steps):
        direction = stein_direction(lambda value: p.log_joint(x, value), z.detach(), kernel)
        if not torch.isfinite(direction).all():
            raise FloatingPointError(
                f"the direction is not finite at step {step}; expected a finite one. Try a smaller learning_rate "
                f"(it is {learning_rate:g}), or other starting points"
            )
        z.grad = -direction
        optimizer_.step()
        if schedule is not None:
            schedule.step()
    return z.detach()
