r"""The likelihood of a mixed model at its best fixed effects, from sums over the rows that are made once.

.. math:: C^\top V^{-1} C = \tfrac1{\sigma^2}\big(C^\top C - W^\top \Lambda^{-1} W / \sigma^2\big), \qquad W = Z^\top C

and likewise with y beside C. The scales are in :math:`\Lambda` and :math:`\sigma` alone, so that a search over them never sees a row.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi.distributions import HALF_LOG_TWO_PI
from course_vi.models.tractable import crossed_precision as crossed
from course_vi.models.tractable.mixed_rows import Rows

__all__ = ["Profile", "Sums", "profile", "sums"]


class Sums(NamedTuple):
    """``number`` of rows; Z'Z in blocks; Z'[C, e], ``(D, p + 1)``, and [C, e]'[C, e], for the residuals e of ``start``, least squares."""

    number: int
    where: crossed.Layout
    counts: crossed.Blocks
    pull: Tensor
    squares: Tensor
    start: Tensor


class Profile(NamedTuple):
    """Generalized least squares: ``fixed (p,)``, the root of their precision, and the log likelihoods, ML and REML, there."""

    fixed: Tensor
    root: Tensor
    log_evidence: Tensor
    restricted: Tensor


def sums(rows: Rows, levels: tuple[int, ...], sizes: tuple[int, ...]) -> Sums:
    """Once over the rows."""
    where = crossed.layout(levels, sizes)
    dim = sum(j * q for j, q in zip(levels, sizes, strict=True))
    start = torch.linalg.lstsq(rows.covariates, rows.response.unsqueeze(-1)).solution
    both = torch.cat([rows.covariates, rows.response.unsqueeze(-1) - rows.covariates @ start], -1)
    return Sums(
        len(both),
        where,
        crossed.gram(where, rows.level, rows.weights),
        crossed.transposed_times(rows.place, rows.weights, both, dim),
        both.mT @ both,
        start.squeeze(-1),
    )


def profile(found: Sums, roots: list[Tensor], log_noise_scale: Tensor) -> Profile:
    """For covariances of random effects with these roots, and this noise; differentiable in both.

    Raises:
        ValueError: the covariates are linearly dependent.
    """
    precision, where = (-2 * log_noise_scale).exp(), found.where
    solver = crossed.Solver(where, crossed.add_prior(where, roots, found.counts, precision))
    whole = precision * (found.squares - precision * found.pull.mT @ solver.solve(found.pull))
    information, slope, rest = whole[:-1, :-1], whole[:-1, -1:], whole[-1, -1]
    root, failed = torch.linalg.cholesky_ex(information)
    if bool(failed):
        raise ValueError("x has covariates that are linearly dependent; expected each to say more")
    half = torch.linalg.solve_triangular(root, slope, upper=False)
    own = torch.linalg.solve_triangular(root.mT, half, upper=True).squeeze(-1)
    scales = [j * r.diagonal().log().sum() for j, r in zip(where.levels, roots, strict=True)]
    log_det = solver.log_det() + 2 * (torch.stack(scales).sum() + found.number * log_noise_scale)
    value = -0.5 * (log_det + rest - half.square().sum()) - found.number * HALF_LOG_TWO_PI
    flat = len(own) * HALF_LOG_TWO_PI - root.diagonal().log().sum()
    return Profile(found.start + own, root, value, value + flat)
