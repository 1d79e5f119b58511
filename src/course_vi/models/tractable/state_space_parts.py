"""The parts of a state space model, checked: matrices that may differ from step to step, and covariances that may be singular."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["covariance_root", "density_root", "each_step"]


def each_step(name: str, value: Tensor, shape: tuple[int, ...], steps: int | None = None) -> Tensor:
    """A copy of a part of this shape, or of one for each of so many steps.

    Raises:
        TypeError: a number, or anything else that is no tensor.
        ValueError: another shape.
    """
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} is {value!r}; expected a tensor {shape}")
    if value.shape != shape and (steps is None or value.shape != (steps, *shape)):
        each = "" if steps is None else f", or {(steps, *shape)} for one at each step"
        raise ValueError(f"{name} has shape {tuple(value.shape)}; expected {shape}{each}")
    return value.clone()


def covariance_root(name: str, covariance: Tensor, size: int, steps: int | None = None) -> Tensor:
    """A root of a covariance, Q = root root': Cholesky's where Q is positive definite, else the symmetric one.

    Raises:
        ValueError: not symmetric up to rounding, or with a negative eigenvalue.

    >>> covariance_root("Q", torch.diag(torch.tensor([4.0, 0.0])), 2)
    tensor([[2., 0.],
            [0., 0.]])
    """
    value = each_step(name, covariance, (size, size), steps)
    root, failed = torch.linalg.cholesky_ex(value)
    rounding = 10 * size * torch.finfo(value.dtype).eps * value.abs().amax((-2, -1), keepdim=True)
    symmetric = bool(((value - value.mT).abs() <= rounding).all())
    if symmetric and not bool(failed.any()):
        return root
    values, vectors = torch.linalg.eigh((value + value.mT) / 2) if symmetric else (value, value)
    if not symmetric or not bool((values.unsqueeze(-1) >= -rounding).all()):
        raise ValueError(
            f"{name} is no covariance; expected a symmetric matrix without negative eigenvalues"
        )
    return (vectors * values.clamp_min(0).sqrt().unsqueeze(-2)) @ vectors.mT


def density_root(name: str, root: Tensor, is_root: bool = True) -> Tensor:
    """The Cholesky factor of root root', whatever sign or shape a learned root has taken; of the covariance itself without ``is_root``.

    Raises:
        ValueError: it is singular, so that there is no density.
    """
    found, failed = torch.linalg.cholesky_ex(root @ root.mT if is_root else root)
    if bool(failed.any()):
        raise ValueError(
            f"{name} is singular, so log_joint and posterior have no density; expected log_evidence, filter, smooth or forecast"
        )
    return found
