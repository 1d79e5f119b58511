r"""A flat prior for the first state: everything is linear in it, so it can be integrated out last.

With the start at zero a filter finds standardized surprises w_t; each unit of the flat entries delta adds U_t. Then

.. math:: \int \prod_t N(w_t + U_t \delta; 0, I)\, d\delta \propto |M|^{-1/2} e^{s^\top M^{-1} s / 2},
          \qquad M = \sum_t U_t^\top U_t, \quad s = \sum_t U_t^\top w_t

and :math:`\delta \mid x \sim N(-M^{-1} s, M^{-1})`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi.models.tractable.kalman import Moments, Steps

__all__ = ["Diffuse", "diffuse_part"]


class Diffuse(NamedTuple):
    """p(delta | x): ``loc (*B, k, n)`` and ``covariance (*B, k, k)``, and ``log_term (*B, n)``, what delta adds to the log evidence."""

    loc: Tensor
    covariance: Tensor
    log_term: Tensor

    def spread(self, moments: Moments) -> Moments:
        """Moments given a start of zero, and of the unit starts beside them, as moments given x alone."""
        number = self.loc.shape[-1]
        loc, unit = moments.loc[..., :number], moments.loc[..., number:]
        share = unit @ self.covariance
        return Moments(
            loc + unit @ self.loc,
            moments.covariance + share @ unit.mT,
            moments.cross + share[:-1] @ unit[1:].mT,
        )


def diffuse_part(found: Steps, series: int) -> Diffuse:
    """What the data say about the flat entries of the start.

    Args:
        found: the filter's answer for ``series`` columns of data and one for each unit start.

    Raises:
        ValueError: the data do not determine them.
    """
    own, unit = found.surprise[..., :series], found.surprise[..., series:]
    information, pull = (unit.mT @ unit).sum(0), (unit.mT @ own).sum(0)
    root, failed = torch.linalg.cholesky_ex(information)
    if bool(failed.any()):
        raise ValueError(
            "the data do not determine the diffuse entries of the start; expected more of them to be seen, or an initial_cov"
        )
    solved = torch.cholesky_solve(pull, root)
    log_det = root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    log_term = 0.5 * (pull * solved).sum(-2) - log_det.unsqueeze(-1)
    return Diffuse(-solved, torch.cholesky_inverse(root), log_term)
