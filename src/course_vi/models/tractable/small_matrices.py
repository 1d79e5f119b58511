"""Linear algebra for long batches of small matrices: a number is a number, not a call of LAPACK for each."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "cholesky",
    "divide",
    "inverse",
    "is_well_conditioned",
    "refuse_singular",
    "solve_lower",
    "solve_upper",
    "times",
]


def times(first: Tensor, second: Tensor) -> Tensor:
    """A product of matrices; an outer product is one multiplication.

    >>> times(torch.ones(5, 2, 1), torch.ones(5, 1, 3)).shape
    torch.Size([5, 2, 3])
    """
    return first * second if first.shape[-1] == 1 else first @ second


def inverse(matrix: Tensor) -> Tensor:
    """The inverse, ``(*B, d, d)``."""
    return matrix.reciprocal() if matrix.shape[-1] == 1 else torch.linalg.inv(matrix)


def cholesky(name: str, covariance: Tensor) -> Tensor:
    """The Cholesky factors, ``(*B, d, d)``; refused as by ``refuse_singular``."""
    if covariance.shape[-1] == 1:
        root = covariance.clamp_min(0).sqrt()
    else:
        root, _ = torch.linalg.cholesky_ex(covariance)
    refuse_singular(name, root)
    return root


def refuse_singular(name: str, root: Tensor) -> None:
    """Refuse Cholesky factors ``(T, *B, p, p)`` whose diagonal is not positive.

    Raises:
        ValueError: how many of them, and what is missing.
    """
    good = (root.diagonal(dim1=-2, dim2=-1) > 0).all(-1)
    if not bool(good.all()):
        raise ValueError(
            f"{name} is not positive definite at {int((~good).sum())} of {good.numel()} steps; expected the measurements to have "
            "noise, or to see a part of the state that has some"
        )


def solve_lower(root: Tensor, right: Tensor) -> Tensor:
    """root^-1 right, for lower triangular roots."""
    if root.shape[-1] == 1:
        return right / root
    return torch.linalg.solve_triangular(root, right, upper=False)


def solve_upper(root: Tensor, right: Tensor) -> Tensor:
    """root'^-1 right, for lower triangular roots."""
    if root.shape[-1] == 1:
        return right / root
    return torch.linalg.solve_triangular(root.mT, right, upper=True)


def is_well_conditioned(covariance: Tensor) -> bool:
    """Are all of them positive definite by more than rounding, each beside its own diagonal?"""
    scale = covariance.diagonal(dim1=-2, dim2=-1)
    if not bool((scale > 0).all()):
        return False
    root, failed = torch.linalg.cholesky_ex(covariance.detach())
    if not failed.numel():
        return True
    least = (root.diagonal(dim1=-2, dim2=-1).square() / scale.detach()).amin()
    return not bool(failed.any()) and bool(least > 1e4 * torch.finfo(covariance.dtype).eps)


def divide(numerator: Tensor, covariance: Tensor) -> Tensor:
    """numerator covariance^-1, or with the pseudo-inverse where a covariance is singular (a part of the state that has no noise)."""
    if covariance.shape[-1] == 1:
        safe = torch.where(covariance > 0, covariance, torch.ones_like(covariance))
        return torch.where(covariance > 0, numerator / safe, torch.zeros_like(numerator))
    if is_well_conditioned(covariance):
        return torch.cholesky_solve(numerator.mT, torch.linalg.cholesky(covariance)).mT
    scale = covariance.diagonal(dim1=-2, dim2=-1).clamp_min(torch.finfo(covariance.dtype).tiny)
    unit = scale.detach().rsqrt().unsqueeze(-1)
    return (numerator * unit.mT) @ (
        torch.linalg.pinv(unit * covariance * unit.mT, hermitian=True) * unit.mT
    )
