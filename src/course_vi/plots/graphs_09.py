"""The graphs of unit 09: the two-layer chain with the path that gets cut, and Bayesian logistic regression."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_vi.plots.pieces import arrow, blank, node
from course_vi.plots.style import BLACK, BLUE, GREY, RED, new_figure, style

__all__ = ["regression_graph", "two_layers"]


def two_layers(bars: Mapping[str, Mapping[str, tuple[float, float]]]) -> Figure:
    """Left: the model and how q draws its sample, with the path that gets cut. Right: variances at the posterior.

    Args:
        bars: ``{implementation: {parameter: (exact, measured)}}``.
    """
    figure, (left, right) = new_figure(columns=2, width=5.0, height=3.5)
    with style():
        blank(left, "Model (grey arrows) and q (coloured)", (-0.7, 3.6), (-0.75, 2.75))
        spots = {"z2": (0, 2.2), "z1": (0, 1.1), "x": (0, 0), "e2": (2.6, 2.2), "e1": (2.6, 1.1)}
        for name, label in (("z2", "$z_2$"), ("z1", "$z_1$"), ("x", "$x$")):
            node(left, spots[name], label, shaded=name == "x")
        for name, label in (("e2", r"$\epsilon_2$"), ("e1", r"$\epsilon_1$")):
            left.text(*spots[name], label, ha="center", va="center", fontsize=12, color=BLUE)
        for start, end in (("z2", "z1"), ("z1", "x")):
            arrow(left, spots[start], spots[end], GREY, bend=0.35)
        arrow(left, spots["x"], spots["z1"], BLUE, bend=0.35)
        arrow(left, spots["e1"], spots["z1"], BLUE)
        arrow(left, spots["e2"], spots["z2"], BLUE)
        arrow(left, spots["z1"], spots["z2"], RED, bend=0.35)
        cut = "$\\log q(z_2 \\mid z_1)$ reads $z_1$: freezing\nthe network's output cuts this arrow"
        left.text(0.62, 1.66, cut, color=RED, fontsize=8, va="center")
        places = torch.arange(len(next(iter(bars.values()))), dtype=torch.float64)
        for shift, (name, values), colour in zip((-0.2, 0.2), bars.items(), (BLUE, RED), strict=True):
            measured = [value for _, value in values.values()]
            right.bar(places + shift, measured, 0.38, color=colour, label=f"{name}, measured")
            right.plot(places + shift, [value for value, _ in values.values()], "_", color=BLACK, markersize=22, markeredgewidth=2)
        right.plot([], [], "_", color=BLACK, markersize=12, markeredgewidth=2, label="exact")
        right.set(title="Variance at the exact posterior", ylabel="variance of one gradient (nats squared)", ylim=(0, 0.75),
                  xlabel="parameter of the first layer")
        right.set_xticks(places.tolist(), list(next(iter(bars.values()))))
        right.legend(fontsize=8, loc="upper right")
    return figure


def regression_graph() -> Figure:
    """Bayesian logistic regression: global weights above a plate of N patients."""
    figure, (ax,) = new_figure(width=5.2, height=1.9)
    with style():
        blank(ax, "One weight vector, N = 569 patients", (-1.7, 4.9), (-0.8, 1.1))
        node(ax, (-0.9, 0), "$z$")
        node(ax, (1.4, 0), "$y_n$", shaded=True)
        node(ax, (3.2, 0), "$f_n$", shaded=True)
        arrow(ax, (-0.9, 0), (1.4, 0), GREY)
        arrow(ax, (3.2, 0), (1.4, 0), GREY)
        ax.add_patch(FancyBboxPatch((0.75, -0.6), 3.2, 1.1, boxstyle="round,pad=0.06", fill=False, edgecolor=BLACK, linewidth=1))
        ax.text(3.92, -0.55, "n = 1..N", ha="right", va="bottom", fontsize=8)
        ax.text(-0.9, 0.55, "weights, latent", ha="center", fontsize=8)
        ax.text(1.4, 0.33, "diagnosis", ha="center", fontsize=8), ax.text(3.2, 0.33, "measurements", ha="center", fontsize=8)
    return figure
