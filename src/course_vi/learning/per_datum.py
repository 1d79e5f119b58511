r"""Learning without an encoder: every datum keeps variational parameters of its own, refitted whenever its turn comes."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.contracts import refuse_unowned
from course_vi.families.per_datum import PerDatum
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import Estimator
from course_vi.gradients.path import reparametrized
from course_vi.learning.history import History, smoke_cap
from course_vi.models.base import Model

__all__ = ["per_datum_svi"]


def per_datum_svi(
    p: Model,
    q: PerDatum,
    x: Tensor,
    estimator: Estimator = reparametrized,
    steps: int = 300,
    inner_steps: int = 10,
    num_samples: int = 1,
    bound: Bound = elbo,
    learning_rate: float = 1e-2,
    inner_learning_rate: float = 1e-1,
    batch_size: int | None = None,
    seed: int = 0,
) -> History:
    r"""Stochastic variational EM: in each step, several steps in the variational parameters of a minibatch, then one in theta.

    .. math:: \lambda_n \leftarrow \lambda_n + \rho\, \hat\nabla_{\lambda_n} L_n(\theta, \lambda_n) \;\text{ (several times)},
              \qquad \theta \leftarrow \theta + \frac{\rho'}{|B|} \sum_{n \in B} \hat\nabla_\theta L_n(\theta, \lambda_n)

    It ascends the same bound as an amortized fit, without an amortization gap and without generalizing to a new datum: memory grows with
    N, and each visit costs ``inner_steps`` more passes. Unbiased for the gradient of the bound at the current parameters; with the ELBO
    and a family that lacks the posterior, theta is biased away from maximum likelihood. (Hoffman's "stochastic variational inference"
    is another thing: conjugate models with global latents, and natural gradients.)

    Args:
        p: a model with local latents; those of its parameters that require a gradient are learned.
        q: ``PerDatum(family, x)``: its row n belongs to x[n], and keeps what it learned until the next visit.
        x: the data, ``(N, Dx)``.
        estimator, num_samples, bound, seed: as in ``fit``; for a discrete family give a score function.
        steps: outer steps; capped when ``COURSE_VI_SMOKE`` is set.
        inner_steps: in lambda, by a fresh Adam with ``inner_learning_rate`` at each visit.
        learning_rate: of theta, by one Adam.
        batch_size: rows per step, without replacement; all by default.

    Returns:
        A ``History`` of the bound at each step in theta.

    Raises:
        TypeError: q is no ``PerDatum``.
        ValueError: rows of q and x that differ, global latents, NaN in x.
        FloatingPointError: the bound stopped being finite.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import TwoBernoullis
    >>> p, x = TwoBernoullis(), torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    >>> history = per_datum_svi(p, PerDatum(MeanField(1), x), x, steps=100, num_samples=8, learning_rate=0.05)
    >>> bool(history.bound[-20:].mean() > history.bound[:5].mean())
    True
    """
    for name, count in (
        ("steps", steps),
        ("inner_steps", inner_steps),
        ("batch_size", 1 if batch_size is None else batch_size),
    ):
        validate.positive_integer(name, count)
    validate.instance("x", x, Tensor)
    validate.finite("x", x)
    if not isinstance(q, PerDatum):
        raise TypeError(
            f"q is a {type(q).__name__}; expected PerDatum(q, x), with variational parameters for each datum"
        )
    if not p.local:
        raise ValueError(
            f"the latents of {type(p).__name__} are global; expected local ones, one for each datum"
        )
    if x.dim() != 2 or tuple(q.batch_shape) != (x.shape[0],):
        raise ValueError(
            f"q has rows {tuple(q.batch_shape)} and x has shape {tuple(x.shape)}; expected (N,) and (N, Dx)"
        )
    if not len(x):
        raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one row")
    like = next(q.parameters())
    x, size = x.to(like), x.shape[0]
    p.check(x)
    z = q.sample(1, x, torch.Generator(device=like.device).manual_seed(seed))
    refuse_unowned("log p(x, z)", lambda: p.log_joint(x, z), p)
    theta = [parameter for parameter in p.parameters() if parameter.requires_grad]
    outer = torch.optim.Adam(theta, lr=learning_rate) if theta else None
    generator = torch.Generator(device=like.device).manual_seed(seed)
    bounds: list[float] = []
    seconds: list[float] = []
    start = time.perf_counter()
    for step in range(smoke_cap(steps)):
        rows = torch.randperm(size, generator=generator, device=like.device)[: batch_size or size]
        local, batch = q.rows(rows), x[rows]
        lambdas = list(local.parameters())
        inner = torch.optim.Adam(lambdas, lr=inner_learning_rate)
        for _ in range(inner_steps):
            value = estimator(p, local, batch, num_samples, bound=bound, generator=generator).sum()
            for parameter, gradient in zip(
                lambdas, torch.autograd.grad(value, lambdas), strict=True
            ):
                parameter.grad = -gradient
            inner.step()
        q.write(rows, local)
        value = estimator(p, local, batch, num_samples, bound=bound, generator=generator).mean()
        if not torch.isfinite(value):
            raise FloatingPointError(
                f"the bound is {value.item()} at step {step}; expected a finite number. Try smaller learning rates"
            )
        if outer is not None:
            for parameter, slope in zip(
                theta, torch.autograd.grad(value, theta, allow_unused=True), strict=True
            ):
                parameter.grad = None if slope is None else -slope
            outer.step()
        bounds.append(value.item())
        seconds.append(time.perf_counter() - start)
    return History(
        torch.tensor(bounds, dtype=torch.float64), torch.tensor(seconds, dtype=torch.float64), []
    )
