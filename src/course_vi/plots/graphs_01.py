"""The graphs of unit 01: a Markov blanket in colours, and the chain behind tracking and hidden Markov models."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import Circle

from course_vi.graph import BayesNet
from course_vi.plots.graph import layout
from course_vi.plots.pieces import arrow, blank, node
from course_vi.plots.style import BLACK, BLUE, GREY, ORANGE, SKY, new_figure, style

__all__ = ["blanket_graph", "chain_graph"]


def blanket_graph(net: BayesNet, name: str) -> Figure:
    """The net with one node marked and its Markov blanket shaded; what is white is shielded from the node.

    >>> from torch.distributions import Normal
    >>> net = BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z, 1.0))
    >>> len(blanket_graph(net, "z").axes)
    1
    """
    spots, blanket = layout(net), net.markov_blanket(name)
    xs, ys = zip(*spots.values(), strict=True)
    figure, (axis,) = new_figure(width=1.1 * (max(xs) - min(xs) + 2.6), height=1.1 * (max(ys) - min(ys) + 1.1) + 0.3)
    with style():
        blank(axis, f"The Markov blanket of {name}", (min(xs) - 0.6, max(xs) + 2.0), (min(ys) - 0.5, max(ys) + 0.6))
        for other, centre in spots.items():
            colour = ORANGE if other == name else SKY if other in blanket else "white"
            axis.add_patch(Circle(centre, 0.28, facecolor=colour, edgecolor=BLACK, linewidth=1.2, zorder=3))
            axis.text(*centre, other, ha="center", va="center", fontsize=min(11.0, 66 / len(other)), zorder=4)
            for parent in net.parents[other]:
                arrow(axis, spots[parent], centre, GREY)
        for colour, label in ((ORANGE, name), (SKY, "its blanket"), ("white", "shielded")):
            axis.plot([], [], "o", color=colour, markeredgecolor=BLACK, markersize=9, label=label)
        axis.legend(fontsize=8, loc="center right")
    return figure


def chain_graph(hidden: str = "z", seen: str = "x", steps: int = 4) -> Figure:
    """A chain of hidden states, each with one observation; the first state has no parent, and a factor of its own."""
    figure, (axis,) = new_figure(width=6.0, height=2.3)
    with style():
        blank(axis, "A chain of states, each seen through noise", (-0.9, 1.5 * steps - 0.6), (-0.6, 1.75))
        for t in range(steps):
            top, low = (1.5 * t, 1.2), (1.5 * t, 0.0)
            node(axis, top, f"${hidden}_{t + 1}$")
            node(axis, low, f"${seen}_{t + 1}$", shaded=True)
            arrow(axis, top, low, GREY)
            if t:
                arrow(axis, (1.5 * (t - 1), 1.2), top, GREY)
        axis.text(-0.35, 1.2, f"$p({hidden}_1)$", ha="right", va="center", fontsize=10, color=BLUE)
        axis.text(0.75, 1.34, f"$p({hidden}_2 \\mid {hidden}_1)$", ha="center", va="bottom", fontsize=8, color=BLUE)
        axis.text(0.08, 0.6, f"$p({seen}_1 \\mid {hidden}_1)$", ha="left", va="center", fontsize=8, color=BLUE)
    return figure
