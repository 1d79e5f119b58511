"""Figures to aim for in problem set 17: exact answers, and what a learner computed on top of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from course_vi.plots.style import BLACK, BLUE, GREY, new_figure, style

__all__ = ["growth", "nile", "years"]

Answer = Callable[..., Any] | None
LENGTH, SERIES = 40, 6


def nile() -> torch.Tensor:
    """The yearly flow of the Nile at Aswan, 1871 to 1970, in 10^8 cubic metres, ``(100,)``."""
    from statsmodels.datasets import nile as home

    return torch.tensor(home.load_pandas().data["volume"].to_numpy(), dtype=torch.float64)


def _walks() -> Any:
    """A walk, and six series ``(6, 40, 1)`` of it, as a ``Series``."""
    from autograder.units.unit_17.reference import Series

    rng, one = np.random.default_rng(17), np.ones((1, 1))
    z, rows = rng.normal(size=(SERIES, 1)), []
    for t in range(LENGTH):
        z = 0.9 * z + rng.normal(size=z.shape) if t else z
        rows.append(z + rng.normal(size=z.shape))
    return Series(0.9 * one, one, one, one, np.zeros(1), one, np.stack(rows, 1))


def growth(answer: Answer = None) -> Figure:
    """N times the predicted variance over the length of a series; six series of a walk.

    Args:
        answer: the learner's ``predicted_noise``, whose numbers are the dots.
    """
    from autograder.units.unit_17.predicted_noise import Given, table

    walks = _walks()
    cut = [walks._replace(x=walks.x[:, :t]) for t in range(1, LENGTH + 1)]
    lengths = np.arange(1, LENGTH + 1)
    lines = np.stack([table(Given(one, 1))[0] for one in cut])
    figure, (axis,) = new_figure(width=5.8, height=3.6)
    with style():
        axis.plot(lengths, lines, color=BLACK, linewidth=1.2)
        if answer is not None:
            for t in range(8, LENGTH + 1, 8):
                given = [torch.as_tensor(part) for part in cut[t - 1]]
                dots = np.asarray(answer(*given, 1)[0], dtype=float)
                axis.plot([t] * SERIES, dots, "o", color=BLUE, markersize=4)
        axis.set(
            title="It grows with the length, and by leaps",
            xlabel="length of the series",
            ylabel="N times the variance",
            ylim=(0, None),
        )
    return figure


def years(answer: Answer = None) -> Figure:
    """The Nile with twenty years hidden, and each year predicted from all others.

    Args:
        answer: the learner's ``predict_years``, whose numbers are the dots with bars.
    """
    from autograder.units.unit_17.predict_years import Given, table

    flow, seen = nile().numpy(), np.ones(100, bool)
    seen[20:40] = False
    given = Given(np.where(seen, flow, np.nan), seen, 1000.0, 9e4, 1469.0, 15099.0)
    mean, variance = table(given)
    year, spread = np.arange(1871, 1971), 2 * variance**0.5
    figure, (axis,) = new_figure(width=6.4, height=3.6)
    with style():
        axis.fill_between(year, mean - spread, mean + spread, color=GREY, alpha=0.2, linewidth=0)
        axis.plot(year, mean, color=GREY, linewidth=1.2)
        axis.plot(year[seen], flow[seen], "o", color=BLACK, markersize=3)
        axis.plot(year[~seen], flow[~seen], "o", color=BLACK, markersize=3, fillstyle="none")
        if answer is not None:
            tensors = torch.tensor(given.x), torch.tensor(seen)
            rows = [np.asarray(row, dtype=float)[::4] for row in answer(*tensors, *given[2:])]
            axis.errorbar(year[::4], rows[0], 2 * rows[1] ** 0.5, fmt="o", color=BLUE, markersize=4)
        axis.set(
            title="Each year, predicted from all others",
            xlabel="year",
            ylabel="flow, 10⁸ m³",
        )
    return figure
