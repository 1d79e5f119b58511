"""The figure to aim for in problem set 16: the gap of the statistician that sees the mean alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from autograder.units.unit_16.hidden_size import Given, gap
from course_vi.plots.style import BLUE, EXACT, PALE_GREY, QUIET, new_figure, style

__all__ = ["gap_curve"]

SIZES = 2.0 ** np.arange(5)


def gap_curve(answer: Callable[..., Any] | None = None) -> Figure:
    """The gap over the mean of a set, tau = sigma = 1, five sizes that are equally likely; the density of the mean is shaded.

    Args:
        answer: the learner's ``mean_alone``, whose gaps are the dots.
    """
    chances = np.full(5, 0.2)
    given = Given(np.linspace(-4.0, 4.0, 161), SIZES, chances, 1.0, 1.0)
    density = (
        chances
        * np.exp(-0.5 * given.xbar[:, None] ** 2 / given.spread)
        / np.sqrt(2 * np.pi * given.spread)
    ).sum(-1)
    figure, (axis,) = new_figure(width=5.8, height=3.4)
    with style():
        axis.fill_between(given.xbar, 0.4 * density, color=PALE_GREY, linewidth=0)
        axis.plot(given.xbar, gap(given), color=EXACT, linewidth=1.6)
        axis.annotate("how often (not to scale)", (0.0, 0.03), color=QUIET, ha="center")
        if answer is not None:
            places = torch.linspace(-3.5, 3.5, 8, dtype=torch.float64)
            sizes = torch.tensor(SIZES)
            found = answer(places, sizes, torch.full_like(sizes, 0.2), 1.0, 1.0)[2]
            axis.plot(places.numpy(), np.asarray(found, dtype=float), "o", color=BLUE)
        axis.set(
            title="What the mean alone leaves over",
            xlabel="mean of the set",
            ylabel="gap, nats",
            xlim=(-4, 4),
            ylim=(0, None),
        )
    return figure
