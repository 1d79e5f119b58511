"""Drawings of unit 06: where the noise stands, what a map does to it, and samples that cannot see."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import Tensor

from course_vi.plots.pieces import arrow, blank, node
from course_vi.plots.style import BLACK, BLUE, GREEN, GREY, RED, new_figure, style

__all__ = ["maps", "noise_outside", "unseen_direction"]


def noise_outside() -> Figure:
    """The model and q with a plate; z as a random node that no gradient passes; z as a function of noise."""
    figure, axes = new_figure(columns=3, width=3.5, height=2.9)
    with style():
        blank(axes[0], "Model (grey) and q (blue)", (-1.7, 1.9), (-1.15, 2.15))
        for name, place, shaded in (("$z_n$", (-0.4, 0.9), False), ("$x_n$", (-0.4, -0.3), True), (r"$\theta$", (-1.4, 1.75), False)):
            node(axes[0], place, name, shaded)
        arrow(axes[0], (-0.4, 0.9), (-0.4, -0.3), GREY)
        arrow(axes[0], (-1.4, 1.75), (-0.4, 0.9), GREY)
        arrow(axes[0], (-1.4, 1.75), (-0.4, -0.3), GREY, bend=0.2)
        for name, place in ((r"$\phi$", (1.5, 1.75)), (r"$\epsilon_n$", (0.6, 0.3))):
            axes[0].text(*place, name, ha="center", va="center", fontsize=13, color=BLUE)
            arrow(axes[0], place, (-0.4, 0.9), BLUE)
        axes[0].add_patch(FancyBboxPatch((-1.0, -0.85), 2.1, 2.2, boxstyle="round,pad=0.06", fill=False, edgecolor=BLACK, linewidth=1))
        axes[0].text(1.08, -0.85, "n = 1..N", ha="right", va="bottom", fontsize=8)
        for ax, title, moved in ((axes[1], "z is drawn: the gradient stops", False), (axes[2], "z is computed: it passes", True)):
            blank(ax, title, (-1.5, 1.9), (-1.15, 2.15))
            _chain(ax, moved)
    return figure


def _chain(ax: Axes, moved: bool) -> None:
    """phi above z above f; the dice beside z, or z itself a die. The way back in colour."""
    spots = {"phi": (0.0, 1.75), "z": (0.0, 0.55), "f": (0.0, -0.65)}
    ax.text(*spots["phi"], r"$\phi$", ha="center", va="center", fontsize=14)
    ax.text(*spots["f"], "$f(z)$", ha="center", va="center", fontsize=13)
    if moved:
        ax.add_patch(Rectangle((-0.3, 0.27), 0.6, 0.56, facecolor="white", edgecolor=BLACK, linewidth=1.2, zorder=3))
        ax.text(*spots["z"], "$z$", ha="center", va="center", fontsize=12, zorder=4)
        node(ax, (1.3, 0.55), r"$\epsilon$")
        arrow(ax, (1.3, 0.55), spots["z"], GREY)
        ax.text(1.3, 0.02, "no parameters", ha="center", fontsize=8)
        ax.text(0.12, -1.1, r"$z = t_\phi(\epsilon)$", ha="center", fontsize=10)
    else:
        node(ax, spots["z"], "$z$")
        ax.text(0.12, -1.1, r"$z \sim q_\phi$", ha="center", fontsize=10)
    for start, end in (("phi", "z"), ("z", "f")):
        arrow(ax, spots[start], spots[end], GREY)
    arrow(ax, spots["f"], spots["z"], GREEN, bend=0.6)
    arrow(ax, spots["z"], spots["phi"], GREEN if moved else RED, bend=0.6, line="-" if moved else ":")
    ax.text(-0.95, 1.15, "passes" if moved else "blocked", color=GREEN if moved else RED, fontsize=9, ha="center")


def maps(panels: Sequence[tuple[str, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]]) -> Figure:
    """A grid of noise pushed through maps of the plane, over the density that comes out.

    Args:
        panels: (title, t: noise ``(n, 2)`` to z ``(n, 2)``, log q at z ``(n, 2)``); the first may be the identity.
    """
    ticks, line = (torch.linspace(-2, 2, n, dtype=torch.float64) for n in (9, 81))
    side = torch.linspace(-4, 4, 121, dtype=torch.float64)
    plane = torch.cartesian_prod(side, side)
    figure, axes = new_figure(columns=len(panels), width=2.9, height=3.7, sharey=True)
    with style():
        for ax, (title, t, log_q) in zip(axes, panels, strict=True):
            density = log_q(plane).exp().view(121, 121).T
            ax.contourf(side, side, density, levels=10, cmap="Blues", alpha=0.8)
            for tick in ticks:
                for curve in (torch.stack([tick.expand(81), line], -1), torch.stack([line, tick.expand(81)], -1)):
                    z = t(curve)
                    ax.plot(z[:, 0], z[:, 1], color=BLACK, linewidth=0.7)
            ax.set(title=title, xlabel="$z_1$", xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
            ax.grid(False)
        axes[0].set_ylabel("$z_2$")
    return figure


def unseen_direction(panels: Sequence[tuple[str, Tensor, Tensor, Tensor]]) -> Figure:
    """A Gaussian target (its contours) and q (an ellipse of two standard deviations), with the frozen samples it is judged by.

    Args:
        panels: (title, mean ``(2,)``, scale_tril ``(2, 2)``, samples ``(K, 2)``).
    """
    angle = torch.linspace(0, 2 * torch.pi, 200, dtype=torch.float64)
    circle = torch.stack([angle.cos(), angle.sin()], -1)
    figure, axes = new_figure(columns=len(panels), width=2.9, height=3.7, sharey=True)
    with style():
        for ax, (title, loc, root, samples) in zip(axes, panels, strict=True):
            for radius in (1, 2):
                ax.plot(*(radius * circle).T, color=GREY, linewidth=1, label="target, 1 and 2 sd" if radius == 1 else None)
            ax.plot(*(loc + 2 * circle @ root.T).T, color=RED, label="q, 2 sd")
            ax.plot(*samples.T, "o", color=BLUE, markersize=6, label="its frozen samples")
            ax.set(title=title, xlabel="$z_1$", xlim=(-6, 6), ylim=(-6, 6), aspect="equal")
        axes[0].set_ylabel("$z_2$")
        axes[0].legend(fontsize=7, loc="upper left")
    return figure
