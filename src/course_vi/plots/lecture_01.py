"""Figures of lecture 01, Graphical models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    "blanket_graph",
    "chain_graph",
    "coins",
    "common_cause",
    "crossed",
    "deep_samples",
    "doubly_intractable",
    "image_rows",
    "learning_theta",
    "magnets",
    "nile",
    "plate_rule",
    "random_graphs",
    "shrinkage",
]

COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY)
BOXED: dict[str, Any] = {"frameon": True, "framealpha": 0.9, "edgecolor": "none"}


def plate_rule(together: Tensor, apart: Mapping[float, Tensor], correlation: float) -> Figure:
    """Two data of one plate, ``(n, 2)``: left with their parent drawn anew each time, right for a few fixed values of the parent."""
    figure, (left, right) = new_figure(columns=2, width=3.9, height=3.7, sharey=True)
    with style():
        left.plot(
            *together.T,
            ".",
            color=GREY,
            alpha=0.4,
            markersize=4,
            label="each point has its own theta",
        )
        left.set(title=f"theta unknown: correlation {correlation:.2f}", ylabel="$y_2$")
        for (theta, points), colour in zip(apart.items(), COLOURS, strict=False):
            right.plot(
                *points.T, ".", color=colour, alpha=0.4, markersize=4, label=f"theta = {theta:g}"
            )
        right.set(title="theta known: round clouds")
        for axis in (left, right):
            axis.set(xlabel="$y_1$", xlim=(-5.5, 5.5), ylim=(-5.5, 5.5), aspect="equal")
            axis.legend(fontsize=8, loc="upper left")
    return figure


def learning_theta(
    grid: Tensor, parameter: Mapping[str, Tensor], predictive: Mapping[str, Tensor], truth: float
) -> Figure:
    """Densities over one grid, a curve for each amount of data: left of the parameter, right of the next datum."""
    figure, axes = new_figure(columns=2)
    with style():
        for axis, curves in zip(axes, (parameter, predictive), strict=True):
            for (name, density), colour in zip(
                curves.items(), (GREY, SKY, BLUE, RED), strict=False
            ):
                axis.plot(grid, density, color=colour, label=name)
            axis.axvline(truth, color=BLACK, linestyle=":", linewidth=1, label="the true theta")
        axes[0].set(title="What we think of theta", xlabel="theta", ylabel="density (per unit)")
        axes[1].set(
            title="What we expect of the next y",
            xlabel="y",
            ylabel="density (per unit)",
            ylim=(0, 0.5),
        )
        axes[0].legend(fontsize=8, loc="upper left")
    return figure


def shrinkage(
    names: Sequence[str], rows: Sequence[int], raw: Tensor, loc: Tensor, scale: Tensor
) -> Figure:
    """One firm per line: the mean residual of its rows (a cross), and the posterior of its random intercept with two deviations."""
    figure, (axis,) = new_figure(width=6.6, height=3.8)
    with style():
        places = list(range(len(names)))
        axis.axvline(0, color=BLACK, linewidth=1)
        axis.errorbar(
            loc,
            places,
            xerr=2 * scale,
            fmt="o",
            color=BLUE,
            capsize=3,
            label="posterior of z, two deviations",
        )
        axis.plot(
            raw, places, "x", color=RED, markersize=7, label="mean residual of the firm's own rows"
        )
        axis.set_yticks(
            places,
            [
                f"{name}, {count} year{'s' * (count > 1)}"
                for name, count in zip(names, rows, strict=True)
            ],
            fontsize=8,
        )
        axis.set(
            title="Few data lean on the others",
            xlabel="random intercept (million dollars)",
            ylabel="firm, and years that we keep",
        )
        axis.invert_yaxis()
        figure.legend(fontsize=8, loc="outside lower center", ncols=2)
    return figure


def crossed(one: Tensor, two: Tensor, firms: int) -> Figure:
    """Posterior precisions (absolute values, scaled to a unit diagonal) of one grouping and of two that cross."""
    figure, axes = new_figure(columns=2, width=3.7, height=3.6)
    with style():
        for axis, matrix, title in zip(
            axes, (one, two), ("Firms alone: diagonal", "Firms and years: coupled"), strict=True
        ):
            picture = axis.imshow(matrix, cmap="Greys", vmin=0, vmax=0.35)
            axis.set(title=title, xlabel="latent")
            axis.grid(False)
        axes[0].set_ylabel("latent")
        for draw in (axes[1].axhline, axes[1].axvline):
            draw(firms - 0.5, color=RED, linewidth=1)
        figure.colorbar(picture, ax=axes[1], shrink=0.8, label="size of the coupling")
    return figure


def nile(
    years: Sequence[int],
    flow: Tensor,
    filtered: tuple[Tensor, Tensor],
    smoothed: tuple[Tensor, Tensor],
) -> Figure:
    """A series with its level, filtered and smoothed, each as (mean, standard deviation)."""
    figure, axes = new_figure(columns=2, width=4.8, sharey=True)
    with style():
        both = (
            ("Filter: from the past", filtered, RED),
            ("Smoother: from past and future", smoothed, BLUE),
        )
        for axis, (title, (loc, scale), colour) in zip(axes, both, strict=True):
            axis.plot(years, flow, ".", color=GREY, markersize=4, label="yearly flow")
            axis.plot(years, loc, color=colour, label="level")
            axis.fill_between(
                list(years),
                loc - 2 * scale,
                loc + 2 * scale,
                color=colour,
                alpha=0.2,
                label="two deviations",
            )
            axis.set(title=title, xlabel="year", ylim=(400, 1450))
            axis.legend(fontsize=8, loc="upper right")
        axes[0].set_ylabel("flow of the Nile ($10^8$ m³)")
    return figure


def coins(x: Tensor, z: Tensor, probability: Tensor, path: Tensor) -> Figure:
    """A series of tosses; which coin was thrown, how probable that is after all tosses, and the single most likely sequence."""
    figure, (axis,) = new_figure(width=8.4, height=2.9)
    with style():
        steps = list(range(1, len(x) + 1))
        axis.fill_between(
            steps, 0, z, step="mid", color=ORANGE, alpha=0.25, label="the loaded coin was in play"
        )
        axis.plot(steps, probability, color=BLUE, label="p(loaded | all tosses)")
        axis.step(
            steps,
            1.06 + 0.1 * path,
            where="mid",
            color=GREEN,
            linewidth=1.4,
            label="most likely sequence (up: loaded)",
        )
        axis.plot(
            steps,
            -0.08 - 0.07 * x,
            "|",
            color=BLACK,
            markersize=7,
            label="tosses (heads above tails)",
        )
        axis.set(
            title="A hidden state, made out from tosses",
            xlabel="toss",
            ylabel="probability",
            ylim=(-0.22, 1.26),
        )
        axis.set_yticks([0, 0.5, 1])
        axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def common_cause(
    z: Tensor, prior: Tensor, posteriors: Mapping[str, Tensor], table: Tensor, correlation: float
) -> Figure:
    """Left the prior of the latent and its posterior for each outcome; right the four probabilities, with those of independent coins."""
    figure, (left, right) = new_figure(columns=2)
    with style():
        left.plot(z, prior, color=GREY, linestyle="--", label="prior")
        for (name, density), colour in zip(posteriors.items(), COLOURS, strict=False):
            left.plot(z, density, color=colour, label=f"after {name}")
        left.set(
            title="What the coins tell about their cause",
            xlabel="latent z",
            ylabel="density (per unit of z)",
        )
        left.legend(fontsize=8)
        independent = table.sum(1, keepdim=True) * table.sum(0)
        right.bar(
            range(4), table.flatten().tolist(), 0.6, color=BLUE, alpha=0.6, label="$p(x_1, x_2)$"
        )
        right.plot(
            range(4),
            independent.flatten(),
            "_",
            color=RED,
            markersize=28,
            markeredgewidth=2.5,
            label="if they were independent",
        )
        right.set_xticks(range(4), list(posteriors))
        right.set(
            title=f"Correlation {correlation:.3f}",
            xlabel="outcome",
            ylabel="probability",
            ylim=(0, 0.75),
        )
        right.legend(fontsize=8, loc="upper center")
    return figure


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
