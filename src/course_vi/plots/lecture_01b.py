"""Figures of lecture 01, Graphical models: samples of deep models, magnets, random graphs, and the blanket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor

from course_vi.graph import BayesNet
from course_vi.plots.bayes_net import layout
from course_vi.plots.primitives import arrow, blank, node
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    SKY,
    new_figure,
    style,
)

__all__ = [
    "COLOURS",
    "blanket_graph",
    "chain_graph",
    "deep_samples",
    "doubly_intractable",
    "image_rows",
    "magnets",
    "random_graphs",
]

COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY)


def deep_samples(models: Mapping[str, tuple[Tensor, Tensor, Tensor]], shown: int = 6) -> Figure:
    """A row for each model: where its last latents lie ``(n, 2)``, then probabilities and binary draws ``(n, side, side)`` of a few."""
    figure, axes = new_figure(
        columns=1 + shown,
        rows=2 * len(models),
        width=1.5,
        height=1.3,
        gridspec_kw={"width_ratios": [2.1] + [1] * shown},
    )
    grid = axes[0].get_gridspec()
    assert grid is not None
    with style():
        for row, (name, (z, probabilities, x)) in enumerate(models.items()):
            for line in (0, 1):
                axes[(2 * row + line) * (shown + 1)].remove()
            first = figure.add_subplot(grid[2 * row : 2 * row + 2, 0])
            first.plot(*z.T, ".", color=GREY, markersize=2, alpha=0.5)
            for i in range(shown):
                first.plot(*z[i], "o", color=COLOURS[i % len(COLOURS)], markersize=5)
            first.set(
                title=name,
                xlabel="first latent",
                ylabel="second",
                xlim=(-3, 3),
                ylim=(-3, 3),
                aspect="equal",
            )
            for line, (label, pictures) in enumerate((("p", probabilities), ("x", x))):
                for i in range(shown):
                    axis = axes[(2 * row + line) * (shown + 1) + 1 + i]
                    axis.imshow(pictures[i], cmap="Greys", vmin=0, vmax=1)
                    axis.set_title(
                        f"{label}, draw {i + 1}", fontsize=8, color=COLOURS[i % len(COLOURS)]
                    )
                    axis.set(xticks=[], yticks=[])
                    axis.grid(False)
                    axis.spines[:].set_visible(True)
    return figure


def image_rows(rows: Mapping[str, Tensor]) -> Figure:
    """Rows of small pictures, ``(n, side, side)`` each, with a name in front."""
    count = min(len(pictures) for pictures in rows.values())
    figure, axes = new_figure(columns=count, rows=len(rows), width=0.75, height=0.95)
    with style():
        for row, (name, pictures) in enumerate(rows.items()):
            for i in range(count):
                axis = axes[row * count + i]
                axis.imshow(pictures[i], cmap="Greys", vmin=0, vmax=1)
                axis.set(xticks=[], yticks=[])
                axis.grid(False)
                axis.spines[:].set_visible(True)
                if row == 0:
                    axis.set_title(f"{i + 1}", fontsize=8)
            axes[row * count].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def magnets(values: Sequence[float], distributions: Mapping[str, Tensor]) -> Figure:
    """The exact distribution of the magnetization, a panel for each coupling."""
    figure, axes = new_figure(columns=len(distributions), width=3.0, height=2.6, sharey=True)
    with style():
        for axis, (name, probabilities) in zip(axes, distributions.items(), strict=True):
            axis.bar(list(values), probabilities.tolist(), 0.17, color=BLUE)
            axis.set(title=name, xlabel="mean of the nine spins")
        axes[0].set_ylabel("probability")
    return figure


def random_graphs(
    distributions: Mapping[str, Tensor], weights: Tensor, edges: Tensor, usual: Tensor
) -> Figure:
    """Left the distribution of the number of edges for a few parameters; right its mean with the band of the middle 90 percent."""
    figure, (left, right) = new_figure(columns=2)
    with style():
        for (name, probabilities), colour in zip(distributions.items(), COLOURS, strict=False):
            left.plot(
                range(len(probabilities)),
                probabilities,
                "o-",
                color=colour,
                markersize=4,
                label=name,
            )
        left.set(title="Six people, 32,768 graphs", xlabel="number of edges", ylabel="probability")
        left.legend(fontsize=8, loc="upper center")
        right.fill_between(
            weights, usual[:, 0], usual[:, 1], color=BLUE, alpha=0.2, label="middle 90 percent"
        )
        right.plot(weights, edges, color=BLUE, label="mean")
        right.set(
            title="From nearly empty to nearly full",
            xlabel="weight of a triangle",
            ylabel="number of edges",
        )
        right.legend(fontsize=8, loc="upper left")
    return figure


def doubly_intractable(
    couplings: Tensor, curves: Mapping[str, Tensor], truth: float, partition: Tensor
) -> Figure:
    """Left posteriors of the coupling by name; right log Z, which a posterior without it forgets."""
    figure, (left, right) = new_figure(columns=2)
    with style():
        for (name, density), colour, line in zip(
            curves.items(), COLOURS, ("-", "--", "-."), strict=False
        ):
            left.plot(couplings, density, color=colour, linestyle=line, label=name)
        left.axvline(truth, color=BLACK, linestyle=":", linewidth=1, label="true coupling")
        left.set(title="Posterior of the coupling J", xlabel="J", ylabel="density (per unit of J)")
        figure.legend(
            *left.get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=4
        )
        right.plot(couplings, partition, color=BLACK)
        right.set(title="What must be known at every J", xlabel="J", ylabel="log Z(J) (nats)")
    return figure


def blanket_graph(net: BayesNet, name: str) -> Figure:
    """The net with one node marked and its Markov blanket shaded; what is white is shielded from the node.

    >>> from torch.distributions import Normal
    >>> net = BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z, 1.0))
    >>> len(blanket_graph(net, "z").axes)
    1
    """
    spots, blanket = layout(net), net.markov_blanket(name)
    xs, ys = zip(*spots.values(), strict=True)
    figure, (axis,) = new_figure(
        width=1.1 * (max(xs) - min(xs) + 2.6), height=1.1 * (max(ys) - min(ys) + 1.1) + 0.3
    )
    with style():
        blank(
            axis,
            f"The Markov blanket of {name}",
            (min(xs) - 0.6, max(xs) + 2.0),
            (min(ys) - 0.5, max(ys) + 0.6),
        )
        for other, centre in spots.items():
            colour = ORANGE if other == name else SKY if other in blanket else "white"
            axis.add_patch(
                Circle(centre, 0.28, facecolor=colour, edgecolor=BLACK, linewidth=1.2, zorder=3)
            )
            axis.text(
                *centre,
                other,
                ha="center",
                va="center",
                fontsize=min(11.0, 66 / len(other)),
                zorder=4,
            )
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
        blank(
            axis,
            "A chain of states, each seen through noise",
            (-0.9, 1.5 * steps - 0.6),
            (-0.6, 1.75),
        )
        for t in range(steps):
            top, low = (1.5 * t, 1.2), (1.5 * t, 0.0)
            node(axis, top, f"${hidden}_{t + 1}$")
            node(axis, low, f"${seen}_{t + 1}$", shaded=True)
            arrow(axis, top, low, GREY)
            if t:
                arrow(axis, (1.5 * (t - 1), 1.2), top, GREY)
        axis.text(-0.35, 1.2, f"$p({hidden}_1)$", ha="right", va="center", fontsize=10, color=BLUE)
        axis.text(
            0.75,
            1.34,
            f"$p({hidden}_2 \\mid {hidden}_1)$",
            ha="center",
            va="bottom",
            fontsize=8,
            color=BLUE,
        )
        axis.text(
            0.08,
            0.6,
            f"$p({seen}_1 \\mid {hidden}_1)$",
            ha="left",
            va="center",
            fontsize=8,
            color=BLUE,
        )
    return figure
