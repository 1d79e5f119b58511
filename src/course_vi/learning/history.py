"""What a fit leaves behind: the bound, step by step."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from torch import Tensor

__all__ = ["History", "smoke_cap"]

SMOKE_STEPS = 20


class History(NamedTuple):
    """What happened, step by step.

    Attributes:
        bound: the estimated bound, averaged over the batch (summed data for global latents), ``(steps,)``.
        seconds: wall-clock time since the start, ``(steps,)``.
        records: what ``callback`` returned, one entry for each step at which it returned something.
    """

    bound: Tensor
    seconds: Tensor
    records: list[Any]


def smoke_cap(steps: int) -> int:
    """The number of steps to run: all of them, but no more than a few when ``COURSE_VI_SMOKE`` is set (tests of notebooks)."""
    return (
        min(steps, SMOKE_STEPS) if os.environ.get("COURSE_VI_SMOKE", "") not in ("", "0") else steps
    )
