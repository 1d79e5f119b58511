r"""What every estimator does first: check what it was given, draw the noise, and read the structure of the bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.func import grad, jacrev, vmap

from course_vi import expect
from course_vi.distributions import broadcast
from course_vi.families.base import Family, batch_shape
from course_vi.models.base import Model
from course_vi.nets import anchor

__all__ = ["Bound", "as_surrogate", "draw", "first_weights", "is_linear", "log_joint", "path_weights", "prepare", "sample", "sample_shape",
           "weighted_sum"]

Bound = Callable[[Tensor], Tensor]


def prepare(p: Model, q: Family, x: Tensor, num_samples: int, bound: Bound, generator: torch.Generator | None,
            noise: Tensor | None, pathwise: bool) -> Tensor:
    """Check the arguments and return the noise ``(K, *B, noise_dim)``: the caller's, or freshly drawn.

    Raises: see ``sample_shape``; and
        ValueError: noise of another shape.
    """
    shape = sample_shape(p, q, x, num_samples, bound, pathwise)
    if noise is None:
        return q.noise(shape, generator)
    expect.event_size("noise", noise, q.noise_dim)
    if tuple(noise.shape[:-1]) != shape:
        raise ValueError(f"noise has shape {tuple(noise.shape)}; expected {(*shape, q.noise_dim)}")
    return noise


def sample(p: Model, q: Family, x: Tensor, num_samples: int, bound: Bound, generator: torch.Generator | None,
           noise: Tensor | None) -> tuple[Any, Tensor]:
    """q(. | x), and samples from it ``(K, *B, D)`` without a graph: what every estimator begins with that needs no path.

    Raises: see ``prepare``; and
        ValueError: noise for a family that has none.
    """
    if noise is not None and not q.noise_dim:
        raise ValueError(f"noise was given, but q is a {type(q).__name__}, which draws its samples from a generator; expected noise=None")
    if q.noise_dim:
        eps = prepare(p, q, x, num_samples, bound, generator, noise, pathwise=False)
        density = q.distribution(x)
        with torch.no_grad():
            return density, draw(density, eps)
    shape = sample_shape(p, q, x, num_samples, bound, pathwise=False)
    density = q.distribution(x)
    _same_batch(density, torch.Size(shape[1:]))
    with torch.no_grad():
        return density, density.draw(shape, generator)


def sample_shape(p: Model, q: Family, x: Tensor, num_samples: int, bound: Bound, pathwise: bool) -> tuple[int, ...]:
    """Check the arguments and return ``(K, *B)``.

    Raises:
        TypeError: a pathwise estimator for a family that has no z = t_phi(eps).
        ValueError: wrong shapes; NaN or infinity in x; x on another device than the parameters of p or q; a family and a model of
            different sizes; a minibatch scale inside a bound that is not linear.
    """
    expect.positive_integer("num_samples", num_samples)
    expect.event_size("x", x, p.data_dim)
    for name, module in (("p", p), ("q", q)):
        parameter = anchor(module)
        if parameter is not None:
            expect.same_place("x", x, f"the parameters of {name}", parameter)
    if x.device.type != "meta" and not math.isfinite(float(x.sum())):        # one number to look at; the long look only if it is odd
        expect.finite("x", x)
    if q.dim != p.latent_dim:
        raise ValueError(f"q is over {q.dim} latents, but p has {p.latent_dim}; expected one family for all of them")
    if pathwise and not q.reparametrized:
        raise TypeError(f"q is a {type(q).__name__}, which has no z = t(eps): expected a reparametrizable family. "
                        "Use gradients.score_function, or a relaxation of it")
    if p.likelihood_scale(x) != 1.0 and not is_linear(bound, max(num_samples, 2)):
        raise ValueError(f"bound is {_name(bound)} and p scales a minibatch by {p.likelihood_scale(x):g}; expected bounds.elbo. "
                         "A scale inside a non-linear bound is no bound at all: the noise of the minibatch enters the logarithm")
    return (num_samples, *batch_shape(q, x, local=p.local))


def draw(density: Any, eps: Tensor) -> Tensor:
    """z = t_phi(eps), ``(K, *B, D)``, or a refusal: a family that answers for another batch would be paired silently."""
    _same_batch(density, eps.shape[1:-1])
    z: Tensor = density.transport(eps)
    return z


def _same_batch(density: Any, batch: torch.Size) -> None:
    if broadcast(batch, density.batch_shape) != batch:
        raise ValueError(f"q answers for a batch {tuple(density.batch_shape)}; expected {tuple(batch)}. "
                         "Does it read x where the latents are global?")


def log_joint(p: Model, x: Tensor, z: Tensor) -> Tensor:
    """log p(x, z), ``(K, *B)``, or a refusal: a forgotten sum over the event would broadcast silently."""
    log_p = p.log_joint(x, z)
    if log_p.shape != z.shape[:-1]:
        raise ValueError(f"p.log_joint gave shape {tuple(log_p.shape)} for z of shape {tuple(z.shape)}; expected {tuple(z.shape[:-1])}")
    return log_p


def as_surrogate(value: Tensor, surrogate: Tensor) -> Tensor:
    """``value`` going forward, the gradient of ``surrogate`` going back.

    The order matters in float32: value + (s - s) is exactly the value; s + (value - s) loses digits when s is large.

    >>> s = torch.tensor(3.1e6, requires_grad=True)
    >>> as_surrogate(torch.tensor(-83.17), s).item() == torch.tensor(-83.17).item()
    True
    """
    return value.detach() + (surrogate - surrogate.detach())


def path_weights(bound: Bound, log_w: Tensor) -> tuple[Tensor, Tensor]:
    r"""First and diagonal second derivatives of the bound in the log weights, :math:`f_k` and :math:`f_{kk}`, ``(K, *B)`` each.

    >>> from course_vi.bounds import iwae
    >>> w = torch.tensor([0.2, 0.8]).log()
    >>> f, ff = path_weights(iwae, w)
    >>> f, (f - ff)                        # normalized weights, and their squares
    (tensor([0.2000, 0.8000]), tensor([0.0400, 0.6400]))
    """
    if is_linear(bound, log_w.shape[0]):
        first = first_weights(bound, log_w)
        return first, torch.zeros_like(first)
    size = log_w.shape[0]
    columns = log_w.detach().reshape(size, -1).split(max(1, 2**22 // size**2), 1)        # a Hessian for each column: not all at once
    both = [_two_derivatives(bound, chunk) for chunk in columns]
    first, second = (torch.cat(parts, 1).reshape(log_w.shape) for parts in zip(*both, strict=True))
    return first, second


def first_weights(bound: Bound, log_w: Tensor) -> Tensor:
    """The first derivatives of the bound in the log weights, ``(K, *B)``, without a graph."""
    with torch.enable_grad():
        variable = log_w.detach().requires_grad_()
        return torch.autograd.grad(bound(variable).sum(), variable)[0]


def _two_derivatives(bound: Bound, log_w: Tensor) -> tuple[Tensor, Tensor]:
    """First and diagonal second derivatives for ``log_w: (K, N)``; columns do not mix, so one Hessian row serves them all."""
    size = log_w.shape[0]
    with torch.enable_grad():
        variable = log_w.detach().requires_grad_()
        first, = torch.autograd.grad(bound(variable).sum(), variable, create_graph=True)
        rows = torch.eye(size, dtype=log_w.dtype, device=log_w.device).unsqueeze(-1).expand(size, *log_w.shape)
        hessian, = torch.autograd.grad(first, variable, rows, is_grads_batched=True)
    return first.detach(), hessian.diagonal().mT


def weighted_sum(first: Tensor, log_w: Tensor) -> Tensor:
    """The sum of f_k log w_k over the samples, where a sample of weight zero counts nothing even if its log weight is -inf."""
    return torch.where(first != 0, first * log_w, torch.zeros_like(log_w)).sum(0)


def is_linear(bound: Bound, num_samples: int) -> bool:
    """Whether the bound is linear in its K log weights: judged by its second derivatives at two points, not by its name.

    Judged once for each bound and K (a few dozen samples stand for any larger number), and remembered.
    """
    expect.positive_integer("num_samples", num_samples)
    return _is_linear(bound, min(num_samples, 32))


@lru_cache(maxsize=64)
def _is_linear(bound: Bound, num_samples: int) -> bool:
    generator = torch.Generator().manual_seed(num_samples)
    points = 3 * torch.randn(num_samples, 2, generator=generator, dtype=torch.float64)
    hessians = vmap(jacrev(grad(bound)), 1)(points)
    return bool(hessians.abs().max() < 1e-12)


def _name(bound: Bound) -> str:
    """What to call a bound in a message: ``iwae``, or ``renyi(alpha=0.5)`` for a ``functools.partial``."""
    if isinstance(bound, partial):
        given = [*map(repr, bound.args), *(f"{key}={value!r}" for key, value in bound.keywords.items())]
        return f"{_name(bound.func)}({', '.join(given)})"
    return getattr(bound, "__name__", repr(bound))
