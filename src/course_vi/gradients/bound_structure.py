r"""The structure of a bound, read off its values and derivatives: linear? the ELBO? IWAE? its weights, and what to call it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.func import grad, jacrev, vmap

from course_vi import validate
from course_vi.bounds import iwae

__all__ = [
    "Bound",
    "bound_name",
    "first_weights",
    "is_elbo",
    "is_iwae",
    "is_linear",
    "path_weights",
    "weighted_sum",
]


Bound = Callable[[Tensor], Tensor]


def path_weights(bound: Bound, log_w: Tensor) -> tuple[Tensor, Tensor]:
    r"""First and diagonal second derivatives of the bound in the log weights, :math:`f_k` and :math:`f_{kk}`, ``(K, *B)`` each.

    >>> from course_vi.bounds import elbo, iwae
    >>> w = torch.tensor([0.2, 0.8]).log()
    >>> f, ff = path_weights(iwae, w)
    >>> f, (f - ff)                        # normalized weights, and their squares
    (tensor([0.2000, 0.8000]), tensor([0.0400, 0.6400]))
    """
    if is_linear(bound, log_w.shape[0]):
        first = first_weights(bound, log_w)
        return first, torch.zeros_like(first)
    size = log_w.shape[0]
    columns = (
        log_w.detach().reshape(size, -1).split(max(1, 2**22 // size**2), 1)
    )  # a Hessian for each column: not all at once
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
        (first,) = torch.autograd.grad(bound(variable).sum(), variable, create_graph=True)
        rows = (
            torch.eye(size, dtype=log_w.dtype, device=log_w.device)
            .unsqueeze(-1)
            .expand(size, *log_w.shape)
        )
        (hessian,) = torch.autograd.grad(first, variable, rows, is_grads_batched=True)
    return first.detach(), hessian.diagonal().mT


def weighted_sum(first: Tensor, log_w: Tensor) -> Tensor:
    """The sum of f_k log w_k over the samples, where a sample of weight zero counts nothing even if its log weight is -inf."""
    return torch.where(first != 0, first * log_w, torch.zeros_like(log_w)).sum(0)


def is_linear(bound: Bound, num_samples: int) -> bool:
    """Whether the bound is linear in its K log weights: judged by its second derivatives at two points, not by its name.

    Judged once for each bound and K (a few dozen samples stand for any larger number), and remembered.
    """
    validate.positive_integer("num_samples", num_samples)
    return _is_linear(bound, min(num_samples, 32))


@lru_cache(maxsize=64)
def _is_linear(bound: Bound, num_samples: int) -> bool:
    generator = torch.Generator().manual_seed(num_samples)
    points = 3 * torch.randn(num_samples, 2, generator=generator, dtype=torch.float64)
    hessians = vmap(jacrev(grad(bound)), 1)(points)
    return bool(hessians.abs().max() < 1e-12)


def bound_name(bound: Bound) -> str:
    """What to call a bound in a message: ``iwae``, or ``renyi(alpha=0.5)`` for a ``functools.partial``."""
    if isinstance(bound, partial):
        given = [
            *map(repr, bound.args),
            *(f"{key}={value!r}" for key, value in bound.keywords.items()),
        ]
        return f"{bound_name(bound.func)}({', '.join(given)})"
    return getattr(bound, "__name__", repr(bound))


def is_elbo(bound: Bound, num_samples: int) -> bool:
    """Whether the bound is the mean of its K log weights: judged by its values at random points, not by its name.

    >>> from course_vi.bounds import elbo, iwae
    >>> is_elbo(elbo, 5), is_elbo(iwae, 5), is_elbo(iwae, 1)      # one weight: every bound is the ELBO
    (True, False, True)
    """
    validate.positive_integer("num_samples", num_samples)
    return _is_mean(bound, min(num_samples, 32))


@lru_cache(maxsize=64)
def _is_mean(bound: Bound, num_samples: int) -> bool:
    points = 3 * torch.randn(
        num_samples, 4, generator=torch.Generator().manual_seed(num_samples), dtype=torch.float64
    )
    return torch.allclose(bound(points), points.mean(0), rtol=0, atol=1e-9)


@lru_cache(maxsize=64)
def is_iwae(bound: Bound, num_samples: int) -> bool:
    points = 3 * torch.randn(
        num_samples, 4, generator=torch.Generator().manual_seed(num_samples), dtype=torch.float64
    )
    return torch.allclose(bound(points), iwae(points), rtol=0, atol=1e-9)
