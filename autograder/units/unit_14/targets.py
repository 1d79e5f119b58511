"""Figures to aim for in problem set 14."""

from __future__ import annotations

from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.style import EXACT, RED, new_figure, style

__all__ = ["told_and_right"]


def told_and_right(tables: dict[str, Tensor]) -> Figure:
    """What losses tell, on average, beside what is right: values on the left, the first entries of the gradients on the right.

    Args:
        tables: ``(2, 1 + D)`` for each loss, by its name: told and right, value and gradient.
    """
    figure, axes = new_figure(2, width=4.4, height=0.5 * len(tables) + 1.2)
    with style():
        for column, (axis, title) in enumerate(
            zip(axes, ("Value, in nats", "Gradient in a logit"), strict=True)
        ):
            for place, table in enumerate(tables.values()):
                told, right = table[:, column].tolist()
                axis.plot([told, right], [place, place], color=RED, linewidth=1)
                axis.plot([right], [place], "o", color=EXACT, markersize=9, fillstyle="none")
                axis.plot([told], [place], "x", color=RED, markersize=7)
            axis.set(title=title, ylim=(len(tables) - 0.5, -0.5))
            axis.set_yticks(range(len(tables)), list(tables) if column == 0 else [])
        low, high = axes[1].get_xlim()
        axes[1].set_xlim(min(low, -0.02), max(high, 0.02))
        axes[1].axvline(0.0, color=EXACT, linewidth=0.5)
        axes[0].set_xlabel("circle: right; cross: told")
    return figure
