"""What ``fit`` asks of q at its end: is log q still the density of its own samples, or has it lost its digits on the way?"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from course_vi.contracts.before_a_fit import TOLERANCE
from course_vi.contracts.check_round_trip import check_round_trip
from course_vi.families.base import Family

__all__ = ["warn_of_lost_digits"]

DRAWS, MOST_LATENTS = 4, 512  # a backward pass for each latent


def warn_of_lost_digits(q: Family, x: Tensor, local: bool = True) -> None:
    r"""Warn where log q is no longer the density of its own samples, as it was before the first step.

    The bound then has no meaning: with a Cholesky factor L so ill-conditioned that :math:`L^{-1}(L\epsilon)` is far from
    :math:`\epsilon`, ``log q`` of its own draws falls without end, and the bound rises to any height, finite all the way.

    Args:
        x: the data, or a minibatch, ``(*B, Dx)``; the first datum is asked about where latents are local.
        local: whether each row of x has latents of its own, as ``p.local`` says.

    >>> from course_vi.families import FullRank
    >>> q = FullRank(60, lower=3 * torch.ones(60, 60))
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warn_of_lost_digits(q, torch.zeros(1))
    >>> str(caught[0].message).partition("(")[0]
    'q is a FullRank whose log q is no longer the density of its own samples '
    """
    if not q.noise_dim or q.dim > MOST_LATENTS:
        return
    datum = x.reshape(-1, x.shape[-1])[:1] if local else x
    source = torch.Generator(device=x.device).manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            report = check_round_trip(q, datum, DRAWS, source, TOLERANCE, local)
        except (NotImplementedError, RuntimeError, TypeError):
            return  # a family that cannot be asked; what was learned is worth more than the answer
    if report.faults:
        found = "; ".join(f"{fault.asked}: {fault.found}" for fault in report.faults)
        warnings.warn(
            f"q is a {type(q).__name__} whose log q is no longer the density of its own samples ({found}): do not believe its bound. "
            "Mostly a covariance has become so ill-conditioned that rounding is all that is left: try double precision, a lower "
            "learning_rate, or a family with fewer parameters",
            stacklevel=5,
        )
