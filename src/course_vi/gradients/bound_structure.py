r"""The structure of a bound, read off its values and derivatives: linear? the ELBO? IWAE? its weights, and what to call it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor

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

    A bound may bring them: callables ``first`` and ``second`` as its attributes, with its own arguments (those of ``course_vi.bounds`` do,
    but for ``jackknife``). Without them they are found by automatic differentiation, with a K x K Hessian for each datum.

    Raises:
        ValueError: the bound is piecewise linear (a largest, median or clipped weight): its slopes jump where no second derivative sees it.

    >>> from course_vi.bounds import elbo, iwae
    >>> w = torch.tensor([0.2, 0.8]).log()
    >>> f, ff = path_weights(iwae, w)
    >>> f, (f - ff)                        # normalized weights, and their squares
    (tensor([0.2000, 0.8000]), tensor([0.0400, 0.6400]))
    """
    if (own := _brought(bound)) is not None:
        fixed = log_w.detach()
        return own[0](fixed), own[1](fixed)
    if is_linear(bound, log_w.shape[0]):
        first = first_weights(bound, log_w)
        return first, torch.zeros_like(first)
    size = log_w.shape[0]
    if _is_flat(_Same(bound), size):
        raise ValueError(
            f"bound is {bound_name(bound)} with num_samples = {size}, linear in pieces; expected a smooth one: where its slopes jump no "
            "second derivative sees it, and the gradient would be biased. Use gradients.reparametrized"
        )
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


def _brought(bound: Bound) -> tuple[Bound, Bound] | None:
    """The derivatives that a bound has as attributes, or a ``partial`` of such a bound."""
    if isinstance(bound, partial):
        inner = _brought(bound.func)
        return inner and tuple(partial(f, *bound.args, **bound.keywords) for f in inner)  # type: ignore[return-value]
    first, second = getattr(bound, "first", None), getattr(bound, "second", None)
    return (first, second) if callable(first) and callable(second) else None


class _Same:
    """A bound as a key of a cache: two partials of the same parts are one bound."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        parts = _parts(bound)
        try:
            hash(parts)
        except TypeError:
            parts = bound  # by identity
        self.parts = parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.parts == other.parts


def _parts(value: Any) -> Hashable:
    if isinstance(value, partial):
        return (
            _parts(value.func),
            tuple(map(_parts, value.args)),
            tuple(sorted((key, _parts(item)) for key, item in value.keywords.items())),
        )
    if isinstance(value, (list, tuple)):
        return tuple(map(_parts, value))
    return value if isinstance(value, Hashable) else id(value)


def is_linear(bound: Bound, num_samples: int) -> bool:
    """Whether the bound is linear in its K log weights: judged by its slopes at points from -1,000 to 1,000, not by its name.

    Equal slopes everywhere, or not linear: second derivatives alone would take a largest or a clipped weight for linear. Judged once for
    each bound and K, and remembered.
    """
    validate.positive_integer("num_samples", num_samples)
    return _is_linear(_Same(bound), num_samples)


def _points(num_samples: int) -> Tensor:
    """``(K, 8)``: columns of log weights at scales from a tenth to hundreds, every other one shifted."""
    source = torch.Generator().manual_seed(num_samples)
    noise = torch.randn(num_samples, 8, generator=source, dtype=torch.float64)
    scale = torch.tensor([0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0], dtype=torch.float64)
    shift = torch.tensor([0.0, 1.0, 0.0, -5.0, 0.0, 50.0, 0.0, -500.0], dtype=torch.float64)
    return noise * scale + shift


@lru_cache(maxsize=64)
def _is_linear(same: _Same, num_samples: int) -> bool:
    slopes = first_weights(same.bound, _points(num_samples))
    return bool((slopes - slopes[:, :1]).abs().max() <= 1e-12 * slopes.abs().max())


@lru_cache(maxsize=64)
def _is_flat(same: _Same, num_samples: int) -> bool:
    """Whether every second derivative is zero at random points, by a Hessian times a random vector."""
    with torch.enable_grad():
        points = _points(num_samples).requires_grad_()
        (slopes,) = torch.autograd.grad(same.bound(points).sum(), points, create_graph=True)
        if not slopes.requires_grad:
            return True
        direction = torch.randn(points.shape, generator=torch.Generator().manual_seed(1)).to(points)
        (curved,) = torch.autograd.grad(slopes, points, direction, allow_unused=True)
    return curved is None or not bool(curved.any())


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
    return _is_mean(_Same(bound), num_samples)


@lru_cache(maxsize=64)
def _is_mean(same: _Same, num_samples: int) -> bool:
    points = 3 * torch.randn(
        num_samples, 4, generator=torch.Generator().manual_seed(num_samples), dtype=torch.float64
    )
    return torch.allclose(same.bound(points), points.mean(0), rtol=0, atol=1e-9)


def is_iwae(bound: Bound, num_samples: int) -> bool:
    """Whether the bound is the log mean weight, judged likewise."""
    return _is_log_mean(_Same(bound), num_samples)


@lru_cache(maxsize=64)
def _is_log_mean(same: _Same, num_samples: int) -> bool:
    points = 3 * torch.randn(
        num_samples, 4, generator=torch.Generator().manual_seed(num_samples), dtype=torch.float64
    )
    return torch.allclose(same.bound(points), iwae(points), rtol=0, atol=1e-9)
