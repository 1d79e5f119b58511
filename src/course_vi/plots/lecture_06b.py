"""Figures of lecture 06, Reparametrization: three ways, gamma shapes, and what lies behind the noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_vi.plots.primitives import arrow, blank, node, plate
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SKY,
    new_figure,
    style,
)

__all__ = ["gamma_shift", "maps", "noise_outside", "posteriors", "three_ways", "unseen_direction"]


def three_ways(
    s: Tensor,
    gradient: Mapping[str, Tensor],
    value: Mapping[str, Tensor],
    at: Tensor,
    dots: Mapping[str, Tensor],
    value_dots: Mapping[str, Tensor],
    best: float,
) -> Figure:
    """Variance of the gradient of m, and of the value, for estimates with more or less done by formula."""
    figure, axes = new_figure(columns=2, width=4.7, height=3.7)
    colours = dict(zip(gradient, (RED, GREEN, BLUE, SKY), strict=False))
    with style():
        for ax, curves, points, title in (
            (axes[0], gradient, dots, "Gradient of m"),
            (axes[1], value, value_dots, "Value"),
        ):
            for name, curve in curves.items():
                ax.plot(
                    s,
                    curve,
                    color=colours[name],
                    label=name,
                    linestyle="--" if "entropy" in name else "-",
                )
                ax.plot(at, points[name], "o", color=colours[name], markersize=5)
            ax.axvline(best, color=BLACK, linestyle=":", label="posterior")
            ax.set(
                title=title,
                xlabel="scale s of q",
                ylabel="variance of one estimate",
                ylim=(-0.1, 4.0 if ax is axes[0] else 2.2),
            )
        figure.legend(
            *axes[0].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=3
        )
    return figure


def gamma_shift(
    z: Tensor,
    cdfs: Mapping[str, Tensor],
    moves: Sequence[tuple[float, float, float]],
    slopes: Mapping[str, tuple[Tensor, Tensor, Tensor]],
) -> Figure:
    """Left: distribution functions at two concentrations and how far a quantile moves. Right: dz/dalpha over z.

    Args:
        moves: (level u, z at the first, z + dz/dalpha times the change).
        slopes: ``{label: (z, ours, torch's)}``.
    """
    figure, (left, right) = new_figure(columns=2, width=4.7, height=3.4)
    with style():
        for (label, cdf), colour in zip(cdfs.items(), (BLUE, SKY), strict=True):
            left.plot(z, cdf, color=colour, label=label)
        for level, start, end in moves:
            left.annotate(
                "",
                (end, level),
                (start, level),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": RED,
                    "linewidth": 1.6,
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
        left.plot([], [], color=RED, label="implicit slope times the change")
        left.set(title="The level u stays, the quantile moves", xlabel="z", ylabel="F(z)")
        for (label, (at, ours, theirs)), colour in zip(
            slopes.items(), (BLUE, GREEN, ORANGE), strict=False
        ):
            right.plot(at, ours, color=colour, label=label)
            right.plot(at, theirs, ".", color=colour, markersize=5)
        right.plot([], [], ".", color=BLACK, label="torch's approximation")
        right.set(
            title="How far a draw moves with alpha",
            xlabel="z, in units of its mean",
            ylabel="dz / d alpha",
            ylim=(0, 3.2),
        )
        left.legend(fontsize=8), right.legend(fontsize=8)
    return figure


def posteriors(panels: Sequence[tuple[str, str, Tensor, Tensor, Tensor]]) -> Figure:
    """Exact posterior densities and fitted ones: (title, xlabel, z, exact, fitted)."""
    figure, axes = new_figure(columns=len(panels), width=4.4, height=3.0)
    with style():
        for ax, (title, xlabel, z, exact, fitted) in zip(axes, panels, strict=True):
            ax.plot(z, exact, color=GREY, linewidth=5, alpha=0.5, label="exact posterior")
            ax.plot(z, fitted, color=BLUE, label="fitted by implicit gradients")
            ax.set(title=title, xlabel=xlabel, ylabel="density", ylim=(0, 1.3 * float(exact.max())))
            ax.legend(fontsize=8)
    return figure


def noise_outside() -> Figure:
    """The model and q with a plate; z as a random node that no gradient passes; z as a function of noise."""
    figure, axes = new_figure(columns=3, width=3.5, height=2.9)
    with style():
        blank(axes[0], "Model (grey) and q (blue)", (-1.7, 1.9), (-1.15, 2.15))
        for name, place, shaded in (
            ("$z_n$", (-0.4, 0.9), False),
            ("$x_n$", (-0.4, -0.3), True),
            (r"$\epsilon_n$", (0.7, 0.3), False),
        ):
            node(axes[0], place, name, shaded)
        axes[0].text(-1.4, 1.75, r"$\theta$", ha="center", va="center", fontsize=14)
        axes[0].text(1.5, 1.75, r"$\phi$", ha="center", va="center", fontsize=14, color=BLUE)
        arrow(axes[0], (-0.4, 0.9), (-0.4, -0.3), GREY)
        arrow(axes[0], (-1.4, 1.75), (-0.4, 0.9), GREY)
        arrow(axes[0], (-1.4, 1.75), (-0.4, -0.3), GREY, bend=0.2)
        for place in ((1.5, 1.75), (0.7, 0.3)):
            arrow(axes[0], place, (-0.4, 0.9), BLUE)
        plate(axes[0], (-1.06, -0.91, 1.16, 1.41))
        for ax, title, moved in (
            (axes[1], "z is drawn: the gradient stops", False),
            (axes[2], "z is computed: it passes", True),
        ):
            blank(ax, title, (-1.5, 1.9), (-1.15, 2.15))
            _chain(ax, moved)
    return figure


def _chain(ax: Axes, moved: bool) -> None:
    """phi above z above f; the dice beside z, or z itself a die. The way back in colour."""
    spots = {"phi": (0.0, 1.75), "z": (0.0, 0.55), "f": (0.0, -0.65)}
    ax.text(*spots["phi"], r"$\phi$", ha="center", va="center", fontsize=14)
    ax.text(*spots["f"], "$f(z)$", ha="center", va="center", fontsize=13)
    if moved:
        ax.add_patch(
            Rectangle(
                (-0.3, 0.27), 0.6, 0.56, facecolor="white", edgecolor=BLACK, linewidth=1.2, zorder=3
            )
        )
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
    arrow(
        ax, spots["z"], spots["phi"], GREEN if moved else RED, bend=0.6, line="-" if moved else ":"
    )
    ax.text(
        -0.95,
        1.15,
        "passes" if moved else "blocked",
        color=GREEN if moved else RED,
        fontsize=9,
        ha="center",
    )


def maps(
    panels: Sequence[tuple[str, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]],
) -> Figure:
    """A grid of noise pushed through maps of the plane, over the density that comes out, on one scale of colours.

    Args:
        panels: (title, t: noise ``(n, 2)`` to z ``(n, 2)``, log q at z ``(n, 2)``); the first may be the identity.
    """
    ticks, line = (torch.linspace(-2, 2, n, dtype=torch.float64) for n in (9, 81))
    edge = (
        torch.linspace(0, 1, 21, dtype=torch.float64)[:, None]
        * torch.eye(2, dtype=torch.float64)[0]
    )
    up = edge.flip(-1)
    cell = torch.cat([edge, edge[-1] + up, up[-1] + edge.flip(0), up.flip(0)]) * 0.5 + 0.5
    side = torch.linspace(-4, 4, 121, dtype=torch.float64)
    plane = torch.cartesian_prod(side, side)
    densities = [log_q(plane).exp().view(121, 121).T for _, _, log_q in panels]
    top = int(40 * max(float(density.max()) for density in densities)) + 1
    levels = [step / 40 for step in range(top + 1)]
    figure, axes = new_figure(columns=len(panels), width=2.9, height=3.7, sharey=True)
    with style():
        for ax, density, (title, t, _) in zip(axes, densities, panels, strict=True):
            filled = ax.contourf(side, side, density, levels=levels, cmap="Blues", alpha=0.8)
            for tick in ticks:
                for curve in (
                    torch.stack([tick.expand(81), line], -1),
                    torch.stack([line, tick.expand(81)], -1),
                ):
                    z = t(curve)
                    ax.plot(z[:, 0], z[:, 1], color=BLACK, linewidth=0.7)
            corner = t(cell)
            ax.plot(corner[:, 0], corner[:, 1], color=RED, linewidth=2.5)
            letter = r"$\epsilon" if ax is axes[0] else "$z"
            ax.set(title=title, xlabel=f"{letter}_1$", ylabel=f"{letter}_2$")
            ax.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
            ax.grid(False)
        bar = figure.colorbar(filled, ax=axes, shrink=0.7, pad=0.01)
        bar.ax.set(title="$q(z)$", xlabel=" ")
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
                ax.plot(
                    *(radius * circle).T,
                    color=GREY,
                    linewidth=1,
                    label="target, 1 and 2 sd" if radius == 1 else None,
                )
            ax.plot(*(loc + 2 * circle @ root.T).T, color=RED, label="q, 2 sd")
            ax.plot(*samples.T, "o", color=BLUE, markersize=6, label="its frozen samples")
            ax.set(title=title, xlabel="$z_1$", xlim=(-6, 6), ylim=(-6, 6), aspect="equal")
        axes[0].set_ylabel("$z_2$")
        axes[0].legend(fontsize=7, loc="upper left")
    return figure
