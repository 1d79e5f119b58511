"""The forecast of a held-out score, and the one door behind which held-out data lie."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist

import torch
from torch import Tensor

from course_vi.study.events import Event, Unsound
from course_vi.study.table import Table

__all__ = ["Forecast", "Forecaster", "Score", "Scorer", "Trainer", "forecast_numbers", "score_rows"]

Forecaster = Callable[[Table, int], tuple[float, float, float]]
Scorer = Callable[[Table], Tensor]
Trainer = Callable[[Table, int], Scorer]


@dataclass(kw_only=True, repr=False)
class Forecast(Event):
    """A mean held-out score with its interval, as said before the door was opened.

    Attributes:
        how: data, seed -> (mean, low, high).
        level: the share of such intervals that should hold the score.
    """

    how: Forecaster
    level: float
    seed: int


@dataclass(kw_only=True, repr=False)
class Score(Event):
    """The held-out score.

    Attributes:
        train: data, seed -> a function that scores a table, ``(n,)``.
        rows: the score of each held-out unit, ``(n,)``.
    """

    train: Trainer
    seed: int
    rows: Tensor = field(default_factory=lambda: torch.zeros(0))


def forecast_numbers(how: Forecaster, data: Table, level: float, seed: int) -> dict[str, float]:
    """The forecast as numbers; refused where it is none.

    Raises:
        Unsound: not three finite numbers with low < mean < high.
    """
    mean, low, high = (float(one) for one in how(data, seed))
    if not (math.isfinite(low) and math.isfinite(high) and low < mean < high):
        raise Unsound(
            f"the forecast is mean {mean}, from {low} to {high}; expected finite numbers with low < mean < high"
        )
    half = (high - low) / 2
    z = NormalDist().inv_cdf((1 + level) / 2)
    return {
        "mean": mean,
        "low": low,
        "high": high,
        "half-width": half,
        "standard error": half / z,
        "level": level,
    }


def score_rows(train: Trainer, data: Table, held_out: Table, seed: int) -> Tensor:
    """The score of each held-out unit, of what was trained on ``data``.

    Raises:
        Unsound: not one finite number for each unit.
    """
    found = torch.as_tensor(train(data, seed)(held_out)).detach().double().cpu()
    if found.shape != (held_out.size,) or not found.isfinite().all():
        raise Unsound(
            f"the scores have shape {tuple(found.shape)}, {int((~found.isfinite()).sum())} of them not finite; "
            f"expected ({held_out.size},), one finite number for each held-out unit"
        )
    return found
