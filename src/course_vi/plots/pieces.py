"""What every graph is drawn with: an empty page, round nodes (shaded means observed), and arrows."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Circle

from course_vi.plots.style import BLACK

__all__ = ["arrow", "blank", "node"]


def blank(ax: Axes, title: str, x: tuple[float, float], y: tuple[float, float]) -> None:
    """A titled page without axes, on which one unit is as wide as it is high."""
    ax.set(title=title, xlim=x, ylim=y, aspect="equal")
    ax.axis("off")


def node(ax: Axes, centre: tuple[float, float], label: str, shaded: bool = False) -> None:
    """A random variable; shaded if it is observed."""
    ax.add_patch(Circle(centre, 0.28, facecolor="#D0D0D0" if shaded else "white", edgecolor=BLACK, linewidth=1.2, zorder=3))
    ax.text(*centre, label, ha="center", va="center", fontsize=11, zorder=4)


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, bend: float = 0.0, line: str = "-") -> None:
    """From one node's rim to another's; ``bend`` keeps two arrows between the same nodes apart."""
    ax.annotate("", end, start, zorder=2, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "linestyle": line,
                                                      "shrinkA": 18, "shrinkB": 18, "connectionstyle": f"arc3,rad={bend}"})
