"""Figures to aim for in problem set 07: the exact answer first, what a learner computed on top of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from course_vi.plots.style import BLACK, BLUE, GREY, RED, new_figure, style

__all__ = ["crossing"]

BIAS, BUDGETS = RED, {100: GREY, 10_000: BLACK}


def crossing(found: Sequence[tuple[int, float]] = ()) -> Figure:
    """Absolute bias of the bent gradient, and its standard error for two budgets, over the temperature; a = 2, c = -0.3, logit 0.7.

    Args:
        found: (samples, best temperature) of a learner.
    """
    from autograder.units.unit_07.quadratic import Place, bent, curve

    place = Place(2.0, -0.3, 0.7)
    seen = curve(place, np.geomspace(0.05, 5.0, 400))
    figure, (axis,) = new_figure(width=5.8, height=3.6)
    with style():
        axis.loglog(seen.temperatures, np.abs(seen.bias), color=BIAS, linewidth=1.8)
        axis.annotate("bias", (1.6, 0.085), color=BIAS)
        for samples, colour in BUDGETS.items():
            error = np.sqrt(seen.variance / samples)
            axis.loglog(seen.temperatures, error, color=colour, linewidth=1.4)
            height = error[4] * 1.2 if samples < 1_000 else 1.1e-3
            axis.annotate(f"standard error, {samples:,} samples", (0.052, height), color=colour)
        for samples, temperature in found:
            mean, square = bent(place, temperature)
            axis.plot(
                [temperature],
                [((square - mean**2) / samples) ** 0.5],
                "o",
                color=BLUE,
            )
        axis.set(
            title="The bias changes its sign, and there the error is least",
            xlabel="temperature",
            ylabel="absolute bias, standard error",
            ylim=(3e-4, 0.3),
        )
    return figure
