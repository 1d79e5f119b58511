"""The four graphs of unit 16: a latent for each point, one for the set, none, one for the function."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_vi.plots.primitives import arrow, blank, node, plate
from course_vi.plots.style import BLACK, BLUE, GREY, new_figure, style

__all__ = ["four_graphs"]


def four_graphs() -> Figure:
    """Conditional VAE, neural statistician, conditional neural process and neural process; recognition in blue, dashed."""
    figure, axes = new_figure(columns=4, width=3.0, height=3.0)
    with style():
        _conditional_vae(axes[0])
        _statistician(axes[1])
        _process(axes[2], "Conditional neural process", latent=False)
        _process(axes[3], "Neural process", latent=True)
    return figure


def _conditional_vae(ax: Axes) -> None:
    blank(ax, "Conditional VAE", (-1.5, 1.5), (-1.0, 3.1))
    z, u, y = (-0.55, 1.7), (0.55, 1.7), (0.0, 0.2)
    node(ax, z, "$z_n$")
    node(ax, u, "$u_n$", shaded=True)
    node(ax, y, "$y_n$", shaded=True)
    arrow(ax, z, y, GREY)
    arrow(ax, u, y, GREY)
    arrow(ax, y, z, BLUE, bend=-0.45, line="--")
    arrow(ax, u, z, BLUE, line="--")
    plate(ax, (-1.25, -0.5, 1.25, 2.25))
    ax.text(0, -0.85, "a latent for each point", ha="center", fontsize=9)


def _statistician(ax: Axes) -> None:
    blank(ax, "Neural statistician", (-1.5, 1.5), (-1.0, 3.1))
    c, z, x = (0.0, 2.75), (-0.35, 1.5), (0.35, 0.2)
    node(ax, c, "$c$")
    node(ax, z, "$z_n$")
    node(ax, x, "$x_n$", shaded=True)
    arrow(ax, c, z, GREY)
    arrow(ax, z, x, GREY)
    arrow(ax, c, x, GREY, bend=-0.35)
    arrow(ax, x, c, BLUE, bend=0.75, line="--")
    arrow(ax, x, z, BLUE, bend=-0.5, line="--")
    arrow(ax, c, z, BLUE, bend=0.45, line="--")
    plate(ax, (-1.1, -0.5, 1.25, 1.95), left=True)
    ax.text(0, -0.85, "one for each point, one for the set", ha="center", fontsize=9)


def _process(ax: Axes, title: str, latent: bool) -> None:
    """The context on the left tells r or z, which with an input tells a target on the right."""
    blank(ax, title, (-2.3, 2.6), (-1.0, 3.1))
    middle, target, output = (0.0, 2.6), (2.0, 0.9), (0.7, 0.9)
    if latent:
        node(ax, middle, "$z$")
    else:
        ax.add_patch(
            Rectangle((-0.26, 2.34), 0.52, 0.52, facecolor="white", edgecolor=BLACK, linewidth=1.2, zorder=3)
        )  # fmt: skip
        ax.text(*middle, "$r$", ha="center", va="center", fontsize=11, zorder=4)
    for place, name, bend in (((-1.7, 0.9), "$u_m$", -0.25), ((-0.75, 0.9), "$y_m$", 0.3)):
        node(ax, place, name, shaded=True)
        arrow(ax, place, middle, GREY)
        if latent:
            arrow(ax, place, middle, BLUE, bend=bend, line="--")
    node(ax, target, "$u_t$", shaded=True)
    node(ax, output, "$y_t$")
    arrow(ax, target, output, GREY)
    arrow(ax, middle, output, GREY)
    if latent:
        arrow(ax, output, middle, BLUE, bend=0.35, line="--")
        arrow(ax, target, middle, BLUE, bend=0.25, line="--")
    plate(ax, (-2.1, 0.1, -0.3, 1.4), "m in C", left=True)
    plate(ax, (0.25, 0.1, 2.45, 1.4), "t in T")
    words = "one for the function" if latent else "none: r is computed"
    ax.text(0, -0.5, words, ha="center", fontsize=9)
