"""Graphs of latents beside the zeros that they leave in a precision and in its factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_vi.plots.primitives import blank, node
from course_vi.plots.style import BLACK, GREY, RED, new_figure, style

__all__ = ["graphs_and_precisions", "orders"]

Pairs = Sequence[tuple[int, int]]


def orders(
    pairs: Pairs, numbered: Mapping[str, Sequence[int]], filled: Mapping[str, Tensor], side: int
) -> Figure:
    """A grid of latents in several orders of elimination, and the pattern of the factor below each.

    Args:
        pairs: neighbours, by place in the grid, row by row.
        numbered: ``{order: places, in the order of their elimination}``.
        filled: the factor's pattern of that order, ``(2, E)``.
    """
    figure, axes = new_figure(columns=len(numbered), rows=2, width=2.9, height=2.8)
    with style():
        for column, (name, order) in enumerate(numbered.items()):
            top, low = axes[column], axes[len(numbered) + column]
            turn = {place: count for count, place in enumerate(order)}
            added = filled[name].shape[1] - len(pairs)
            blank(top, f"{name}: {added} filled in", (-0.6, side - 0.4), (-side + 0.4, 0.6))
            for i, j in pairs:
                top.plot([i % side, j % side], [-(i // side), -(j // side)], color=GREY, zorder=1)
            for place in range(side * side):
                node(top, (place % side, -(place // side)), str(turn[place] + 1))
            met = {tuple(sorted((turn[i], turn[j]), reverse=True)) for i, j in pairs}
            _pattern(low, side * side, met, [tuple(pair) for pair in filled[name].T.tolist()])
            low.set(title="factor L", xlabel="column", ylabel="row")
    return figure


def _pattern(
    ax: Axes,
    dim: int,
    met: set[tuple[int, ...]],
    entries: Sequence[tuple[int, ...]],
    both: bool = False,
) -> None:
    """Squares where a matrix is not zero: black on the diagonal, grey where the precision is not zero, red where it was filled in."""
    for i in range(dim):
        ax.add_patch(Rectangle((i - 0.5, i - 0.5), 1, 1, color=BLACK))
    for i, j in entries:
        colour = GREY if (i, j) in met else RED
        ax.add_patch(Rectangle((j - 0.45, i - 0.45), 0.9, 0.9, color=colour))
        if both:
            ax.add_patch(Rectangle((i - 0.45, j - 0.45), 0.9, 0.9, color=colour))
    ax.set(xlim=(-0.5, dim - 0.5), ylim=(dim - 0.5, -0.5), aspect="equal", xticks=[], yticks=[])
    ax.grid(False)


def graphs_and_precisions(spied: Mapping[str, tuple[Pairs, Tensor, Tensor]]) -> Figure:
    """The counties and the Nile, a row each: the graph, the precision, and the factor with shared latents last, and first.

    Args:
        spied: by model, the pairs of latents that meet, local ones first and the two shared ones last; the factor's pattern in this
            order; and in the order turned round.
    """
    figure, axes = new_figure(columns=4, rows=2, width=2.9, height=2.7)
    names = {"counties": (r"$\alpha$", r"$\log\tau$"), "Nile": ("$\\log s$", "$\\log r$")}
    with style():
        for row, (name, (pairs, last, first)) in enumerate(spied.items()):
            dim = 1 + max(max(pair) for pair in pairs)
            here = axes[4 * row : 4 * row + 4]
            _graph(here[0], name, dim - 2, names[name], chain=name == "Nile")
            met = {tuple(sorted(pair, reverse=True)) for pair in pairs}
            turned = {tuple(sorted((dim - 1 - i, dim - 1 - j), reverse=True)) for i, j in pairs}
            _pattern(here[1], dim, met, sorted(met), both=True)
            _pattern(here[2], dim, met, [tuple(pair) for pair in last.T.tolist()])
            _pattern(here[3], dim, turned, [tuple(pair) for pair in first.T.tolist()])
            labels = [*(f"$z_{i + 1}$" for i in range(dim - 2)), *names[name]]
            for ax, ticks in zip(here[1:], (labels, labels, labels[::-1]), strict=True):
                ax.set(yticks=range(dim))
                ax.set_yticklabels(ticks, fontsize=7)
            here[1].set(title="precision")
            here[2].set(title=f"L, shared last: {last.shape[1] - len(met)} filled in")
            here[3].set(title=f"L, shared first: {first.shape[1] - len(met)} filled in")
    return figure


def _graph(ax: Axes, title: str, count: int, shared: tuple[str, str], chain: bool) -> None:
    """Shared latents above, local ones in a row, data below; in a chain each local one has the one before as a parent."""
    blank(ax, title, (-0.6, count - 0.4), (-2.6, 1.6))
    at = [(float(i), -0.4) for i in range(count)]
    up, down = (0.5 * (count - 1) - (0 if chain else 1), 1.2), (0.5 * (count - 1), -3.4)
    if chain:
        ax.set(ylim=(-4.0, 1.8))
    places = (up, down) if chain else (up, (up[0] + 2, 1.2))
    for place, label in zip(places, shared, strict=True):
        node(ax, place, "")
        ax.text(*place, label, ha="center", va="center", fontsize=6, zorder=5)
    for i, place in enumerate(at):
        data = (place[0], -1.9)
        node(ax, place, "")
        node(ax, data, "", shaded=True)
        ax.text(*place, f"$z_{i + 1}$", ha="center", va="center", fontsize=8, zorder=5)
        ax.text(*data, f"$y_{i + 1}$", ha="center", va="center", fontsize=8, zorder=5)
        _arrow(ax, place, data)
        if chain and i:
            _arrow(ax, at[i - 1], place)
        if not chain or i:
            _arrow(ax, up, place)
        if chain:
            _arrow(ax, down, data)
        else:
            _arrow(ax, places[1], place)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From rim to rim, in units of the page: these graphs are small."""
    way = torch.tensor(end) - torch.tensor(start)
    unit = way / way.norm()
    a, b = torch.tensor(start) + 0.3 * unit, torch.tensor(end) - 0.3 * unit
    look = {"arrowstyle": "-|>", "color": GREY, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", tuple(b.tolist()), tuple(a.tolist()), arrowprops=look)
