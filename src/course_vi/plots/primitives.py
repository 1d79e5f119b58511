"""What figures are drawn with: an empty page, nodes (shaded means observed), arrows, plates; and a learner's own function in a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch

from course_vi.plots.style import BLACK, PALE_GREY

__all__ = ["arrow", "blank", "label_ends", "node", "plate", "yours"]


def blank(ax: Axes, title: str, x: tuple[float, float], y: tuple[float, float]) -> None:
    """A titled page without axes, on which one unit is as wide as it is high."""
    ax.set(title=title, xlim=x, ylim=y, aspect="equal")
    ax.axis("off")


def node(ax: Axes, centre: tuple[float, float], label: str, shaded: bool = False) -> None:
    """A random variable; shaded if it is observed."""
    ax.add_patch(
        Circle(
            centre,
            0.28,
            facecolor=PALE_GREY if shaded else "white",
            edgecolor=BLACK,
            linewidth=1.2,
            zorder=3,
        )
    )
    ax.text(*centre, label, ha="center", va="center", fontsize=11, zorder=4)


def arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    bend: float = 0.0,
    line: str = "-",
) -> None:
    """From one node's rim to another's; ``bend`` keeps two arrows between the same nodes apart."""
    ax.annotate(
        "",
        end,
        start,
        zorder=2,
        arrowprops={
            "arrowstyle": "-|>",
            "color": colour,
            "linewidth": 1.6,
            "linestyle": line,
            "shrinkA": 18,
            "shrinkB": 18,
            "connectionstyle": f"arc3,rad={bend}",
        },
    )


def plate(
    ax: Axes,
    corners: tuple[float, float, float, float],
    text: str = "n = 1..N",
    colour: str = BLACK,
    left: bool = False,
    size: float = 8,
    gid: str | None = None,
) -> None:
    """A box around what is repeated, with the count in a lower corner.

    Args:
        corners: left, bottom, right, top.
        left: whether the count stands on the left.
        gid: what to call the box, for those who look for it in the figure.
    """
    x0, y0, x1, y1 = corners
    ax.add_patch(
        FancyBboxPatch(
            (x0, y0),
            x1 - x0,
            y1 - y0,
            boxstyle="round,pad=0.0,rounding_size=0.1",
            fill=False,
            edgecolor=colour,
            linewidth=1,
            gid=gid,
        )
    )
    ax.text(
        x0 + 0.06 if left else x1 - 0.06,
        y0 + 0.04,
        text,
        ha="left" if left else "right",
        va="bottom",
        fontsize=size,
        color=colour,
    )


class _Nobody(Exception):
    """No function was given: this is the figure to aim for, and nothing is missing from it."""


class yours:  # noqa: N801  (reads as a word)
    """Runs a learner's function for a figure. Where there is none yet, or it stops, the figure says so and stands without it."""

    def __init__(self, axis: Axes, name: str) -> None:
        self.axis, self.name = axis, name

    def __enter__(self) -> Callable[..., Any]:
        return self.call

    @staticmethod
    def call(function: Callable[..., Any] | None, *args: Any) -> Any:
        if function is None:
            raise _Nobody
        return function(*args)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: Any
    ) -> bool:
        if isinstance(error, NotImplementedError):
            self.axis.plot([], [], " ", label=f"({self.name}: not written yet)")
        elif isinstance(error, Exception) and not isinstance(error, _Nobody):
            self.axis.plot([], [], " ", label=f"({self.name} stopped: {type(error).__name__})")
        return error is None or isinstance(error, Exception)


def label_ends(
    ax: Axes, ends: Mapping[str, tuple[float, float, str]], gap: float, away: float
) -> None:
    """The names of curves beside their right ends, in their colours, instead of a legend; moved apart where they would overlap.

    Args:
        ends: ``{name: (x, y, colour)}`` of each curve's last point.
        gap: least difference in height between two names, in units of the axis.
        away: how far to the right of the rightmost end the names stand, in units of the axis.
    """
    place = max(x for x, _, _ in ends.values()) + away
    height = -float("inf")
    for name, (x, y, colour) in sorted(ends.items(), key=lambda item: item[1][1]):
        height = max(y, height + gap)
        ax.annotate(
            name,
            (x, y),
            (place, height),
            color=colour,
            fontsize=8,
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5},
        )
