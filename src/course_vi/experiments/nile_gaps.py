"""The Nile with two spells of twenty years taken out, as a filter sees it that takes a series step by step."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi.models import LinearGaussianSSM, Model
from course_vi.models.dynamics import Dynamics, dynamics

__all__ = ["NileGaps", "nile_gaps", "with_gaps"]

DOUBLE = torch.float64


class NileGaps(NamedTuple):
    """Years 1871 to 1970, yearly flow (zero where taken out), what was seen, and a level that wanders from N(1000, 300^2)."""

    years: Tensor
    flow: Tensor
    seen: Tensor
    model: LinearGaussianSSM


def nile_gaps() -> NileGaps:
    """The series of Durbin and Koopman's book, without 1891 to 1910 and 1931 to 1950.

    >>> nile_gaps().seen.sum().item()
    60
    """
    from statsmodels.datasets import nile

    flow = torch.tensor(nile.load_pandas().data["volume"].tolist(), dtype=DOUBLE)
    years = torch.arange(1871, 1971)
    seen = torch.ones(100, dtype=torch.bool)
    seen[20:40] = seen[60:80] = False
    one = torch.eye(1, dtype=DOUBLE)
    start = torch.tensor([1000.0], dtype=DOUBLE)
    model = LinearGaussianSSM(one, one, 1469.0 * one, 15099.0 * one, start, 90000.0 * one, 100)
    return NileGaps(years, torch.where(seen, flow, 0.0), seen, model.requires_grad_(False))


def with_gaps(p: Model | Dynamics, seen: Tensor) -> Dynamics:
    """The same dynamics, of series of which only some steps were seen, ``seen: (T,)``; a model of one number a step."""
    one = dynamics(p)

    def see(t: int, z: Tensor, x: Tensor) -> Tensor:
        return one.see(t, z, x) if bool(seen[t]) else z.new_zeros(z.shape[:-1])

    return one._replace(see=see)
