"""Figures to aim for in problem set 18: measured meetings on the predicted line, and the price of a burn-in."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_vi.plots.style import BLACK, BLUE, EXACT, RED, new_figure, style

__all__ = ["price", "survival"]


def survival(meeting: Any, tail: Any) -> Figure:
    """How many of the runs are still apart, with two standard errors, and the line that was predicted.

    Args:
        meeting: tau of every run, ``(R)``.
        tail: P(tau > t) for t = 0, 1, ..., the learner's.
    """
    taus, line = np.asarray(meeting), np.asarray(tail, dtype=float)
    ts = np.arange(len(line))
    seen = (taus[:, None] > ts).mean(0)
    error = np.sqrt(seen * (1 - seen) / len(taus))
    figure, (axis,) = new_figure(width=5.6, height=3.4)
    with style():
        axis.plot(ts, line, color=EXACT, linewidth=1.2)
        shown = seen > 0
        axis.errorbar(
            ts[shown], seen[shown], 2 * error[shown], fmt="o", color=BLUE, markersize=4, capsize=2
        )
        axis.annotate(
            "predicted", (ts[1], line[1]), (8, 8), textcoords="offset points", color=EXACT
        )
        axis.set(
            title="The pairs meet as was predicted",
            xlabel="t",
            ylabel="share of runs with tau > t",
            yscale="log",
        )
    return figure


def price(variance: Any, cost: Any, floor: float) -> Figure:
    """Variance, cost and their product over the burn-in k, each beside its least value.

    Args:
        variance, cost: of H_0, H_1, ..., the learner's.
        floor: the variance under the stationary law.
    """
    parts = {"variance": RED, "cost": BLUE, "product": BLACK}
    variance, cost = (np.asarray(each, dtype=float) for each in (variance, cost))
    rows = dict(zip(parts, (variance / floor, cost, variance * cost / floor), strict=True))
    figure, (axis,) = new_figure(width=5.6, height=3.4)
    with style():
        ks = np.arange(len(variance))
        for name, row in rows.items():
            axis.plot(ks, row, color=parts[name], marker="o", markersize=3)
            axis.annotate(
                name, (ks[-1], row[-1]), (5, 0), textcoords="offset points", color=parts[name]
            )
        best = int(rows["product"].argmin())
        axis.plot(best, rows["product"][best], "o", color=BLACK, markersize=9, fillstyle="none")
        axis.set(
            title="Cheap is noisy, quiet is dear",
            xlabel="burn-in k",
            ylabel="beside the stationary variance; transitions",
            yscale="log",
            xlim=(-0.5, 1.2 * ks[-1] + 0.5),
        )
    return figure
