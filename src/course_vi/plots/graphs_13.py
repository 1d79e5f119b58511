"""The graphs of unit 13: the model and its encoder, and two stochastic layers."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from course_vi.plots.pieces import arrow, blank, node
from course_vi.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, RED, new_figure, style

__all__ = ["two_layers", "vae_graph"]


def _plate(axis: Axes, left: float, bottom: float, width: float, height: float) -> None:
    axis.add_patch(FancyBboxPatch((left, bottom), width, height, boxstyle="round,pad=0.05", fill=False, edgecolor=GREY, linewidth=1))
    axis.text(left + width - 0.03, bottom + 0.03, "n = 1..N", ha="right", va="bottom", fontsize=8, color=GREY)


def vae_graph() -> Figure:
    """Left the model alone; right the model with its encoder."""
    figure, axes = new_figure(columns=2, width=3.6, height=2.9)
    with style():
        for axis, title, encoder in zip(axes, ("First: the model", "Second: the encoder"), (False, True), strict=True):
            blank(axis, title, (-1.6, 1.9), (-0.85, 2.45))
            _plate(axis, -0.55, -0.65, 1.3, 2.75)
            node(axis, (0, 1.5), "$z_n$")
            node(axis, (0, 0), "$x_n$", shaded=True)
            arrow(axis, (0, 1.5), (0, 0), BLUE)
            axis.text(-1.25, 0.75, r"$\theta$", ha="center", va="center", fontsize=14)
            arrow(axis, (-1.25, 0.75), (0, 0), BLUE)
            if encoder:
                axis.text(1.45, 0.75, r"$\phi$", ha="center", va="center", fontsize=14)
                arrow(axis, (1.45, 0.75), (0, 1.5), RED, line="--")
                arrow(axis, (0, 0), (0, 1.5), RED, bend=0.5, line="--")
    return figure


def two_layers(scales: Tensor, gaps: dict[str, Tensor], measured: dict[str, tuple[Tensor, Tensor]]) -> Figure:
    """Left the model with two layers and its encoder; right the gap of three families over the scale of the transition.

    Args:
        gaps: ``{family: exact gap}``, each over ``scales``.
        measured: ``{family: (scales, measured gaps)}``.
    """
    figure, (left, right) = new_figure(columns=2, width=4.4, height=3.4)
    with style():
        blank(left, "Two stochastic layers", (-1.6, 2.6), (-0.6, 2.7))
        spots = {"z2": (0, 2.2), "z1": (0, 1.1), "x": (0, 0)}
        for name, label in (("z2", "$z_2$"), ("z1", "$z_1$"), ("x", "$x$")):
            node(left, spots[name], label, shaded=name == "x")
        for start, end in (("z2", "z1"), ("z1", "x")):
            arrow(left, spots[start], spots[end], BLUE, bend=0.35)
            arrow(left, spots[end], spots[start], RED, bend=0.35, line="--")
        left.text(1.75, 1.1, r"$\epsilon_1$", color=BLUE, fontsize=13, ha="center", va="center")
        arrow(left, (1.75, 1.1), spots["z1"], BLUE)
        left.text(1.75, 0.72, "noise at the\ntransition", color=BLUE, fontsize=8, ha="center", va="top")
        for (name, gap), colour in zip(gaps.items(), (RED, ORANGE, GREEN), strict=True):
            right.plot(scales, gap, color=colour, label=name)
            if name in measured:
                right.plot(*measured[name], "o", color=colour)
        right.plot([], [], "o", color=BLACK, label="measured after fitting")
        right.set(title="What a family cannot say", xlabel="scale s of the transition", ylabel="gap to log p(x) (nats)", xscale="log",
                  ylim=(-0.05, 1.6))
        right.set_xticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
        right.minorticks_off()
        right.legend(fontsize=8, loc="upper right")
    return figure
