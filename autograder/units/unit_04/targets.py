"""Figures to aim for in problem set 04, and the data that they are of: the exact answer first, what a learner computed on top of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from autograder.units.unit_04.problems import mixture_log_joint
from autograder.units.unit_04.reference import maximum, step
from course_vi.plots.style import BLUE, GREEN, GREY, new_figure, style

__all__ = ["death_notices", "errors", "path", "poisson_mixture", "rest", "rounds"]

MODEL = ("poisson", 2, False, np.ones(1))
NEAR = np.array([-0.6, 0.23, 0.98])  # a place from which EM and Newton find the maximum

poisson_mixture = mixture_log_joint(
    "poisson", 2, False, torch.eye(3, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
)


def death_notices() -> Tensor:
    """Death notices of women over eighty in *The Times* on each of 1,096 days of 1910 to 1912, ``(1096,)``.

    Source: V. Hasselblad, "Estimation of finite mixtures of distributions from the exponential family", JASA 1969.
    """
    days = torch.tensor([162, 267, 271, 185, 111, 61, 27, 8, 3, 1])
    return torch.arange(10, dtype=torch.float64).repeat_interleave(days)


def rest(x: Tensor, near: Tensor | None = None) -> Tensor:
    """The maximum of the likelihood of a mixture of two Poisson counts: log(w_1 / w_2) and both log rates, ``(3,)``."""
    start = NEAR if near is None else near.numpy()
    found = maximum(MODEL, start, x.numpy())
    if found is None:
        raise ValueError("no maximum was found with two clusters that can be told apart")
    return torch.tensor(found[0])


def path(x: Tensor, start: Tensor, steps: int) -> Tensor:
    """Where EM goes, ``(steps + 1, 3)``, in the coordinates of ``rest``."""
    places = [start.numpy()]
    for _ in range(steps):
        places.append(step(MODEL, places[-1], x.numpy()))
    return torch.tensor(np.stack(places))


def errors(x: Tensor, start: Tensor, steps: int, rate: float | None = None) -> Figure:
    """The distance of EM from its place of rest over the steps, on a log axis; with a learner's rate, the line that it predicts."""
    there = rest(x)
    distance = (path(x, start, steps) - there).norm(dim=-1).numpy()
    figure, (axis,) = new_figure(width=5.6, height=3.6)
    with style():
        axis.semilogy(distance, color=GREY, linestyle=":", linewidth=2.5)
        axis.annotate(
            "EM, measured",
            (steps * 0.35, distance[int(steps * 0.35)]),
            (6, 8),
            textcoords="offset points",
            color=GREY,
        )
        title = "After a while, each step of EM takes the same share"
        if rate is not None:
            back = steps - np.arange(steps + 1)
            axis.semilogy(distance[-1] * float(rate) ** -back, color=BLUE, linewidth=1.2)
            axis.annotate(
                "your rate",
                (steps * 0.75, distance[-1] * float(rate) ** (-steps * 0.25)),
                (-6, -14),
                textcoords="offset points",
                color=BLUE,
                ha="right",
            )
            title = f"Your rate, {float(rate):.5f}, as a line through the last step"
        axis.set(title=title, xlabel="steps of EM", ylabel="distance from the maximum")
        axis.set_ylim(distance.min() / 3, distance.max() * 3)
    return figure


def rounds(precision: Tensor, rates: Sequence[float] = ()) -> Figure:
    """The error of mean field's means over rounds, in turn and all at once; with a learner's rates, the lines that they predict."""
    P = precision.numpy()
    figure, (axis,) = new_figure(width=5.6, height=3.6)
    inverse = 1 / np.diag(P)
    start = np.random.default_rng(0).normal(size=len(P))
    with style():
        for index, (name, colour) in enumerate((("in turn", GREEN), ("all at once", BLUE))):
            m, sizes = start.copy(), [np.linalg.norm(start)]
            for _ in range(25):
                if name == "in turn":
                    for i in range(len(m)):
                        m[i] -= inverse[i] * (P[i] @ m)
                else:
                    m = m - inverse * (P @ m)
                sizes.append(np.linalg.norm(m))
            axis.semilogy(sizes, "o", markersize=3, color=colour)
            axis.annotate(
                name, (25, sizes[-1]), (-4, 8), textcoords="offset points", color=colour, ha="right"
            )
            if len(rates):
                lines = sizes[-1] * float(rates[index]) ** (np.arange(26) - 25.0)
                axis.semilogy(lines, color=colour, linewidth=1.0)
        axis.set(
            title="One order of updates closes in, the other runs away"
            if not len(rates)
            else "Your rates, as lines through the last round",
            xlabel="rounds",
            ylabel="error of the means",
        )
    return figure
