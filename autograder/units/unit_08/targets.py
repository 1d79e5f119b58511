"""Figures to aim for in problem set 08: the exact answer first, what a learner computed on top of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_vi.plots.primitives import yours
from course_vi.plots.style import BLACK, BLUE, GREY, RED, new_figure, style

__all__ = ["centring", "least_gap", "posterior_precision", "zeros"]

Pairs = Iterable[Sequence[int]]


def posterior_precision(
    parents: dict[str, tuple[str, ...]], order: Sequence[str], seed: int = 0
) -> Tensor:
    """The precision of the latents in ``order``, all other nodes observed, for random coefficients on this graph, ``(D, D)``."""
    generator, names = torch.Generator().manual_seed(seed), list(parents)
    draws = 0.6 + torch.rand(len(names), len(names), generator=generator, dtype=torch.float64)
    root = torch.eye(len(names), dtype=torch.float64)
    for row, name in enumerate(names):
        for parent in parents[name]:
            column = names.index(parent)
            root[row, column] = -draws[row, column]
    keep = [names.index(name) for name in order]
    return (root.T @ root)[keep][:, keep]


def least_gap(precision: Tensor, pairs: Pairs, steps: int = 150) -> float:
    """The smallest KL(q || p), in nats, of a q whose L has entries below its diagonal at ``pairs`` alone; found by climbing."""
    dim = len(precision)
    places = torch.tensor([list(pair) for pair in pairs], dtype=torch.long).reshape(-1, 2).T
    log_diagonal = 0.5 * precision.diagonal().log()
    learned = [
        log_diagonal.clone().requires_grad_(),
        torch.zeros(places.shape[1], dtype=precision.dtype, requires_grad=True),
    ]
    climber = torch.optim.LBFGS(
        learned,
        max_iter=steps,
        tolerance_grad=1e-10,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def gap() -> Tensor:
        root = torch.diag(learned[0].exp()).index_put(tuple(places), learned[1])
        inverse = torch.linalg.solve_triangular(root, torch.eye(dim).to(root), upper=False)
        trace = (precision @ inverse.T @ inverse).diagonal().sum()
        return 0.5 * (trace - dim - torch.logdet(precision)) + learned[0].sum()

    def closure() -> Tensor:
        climber.zero_grad()
        value = gap()
        value.backward()
        return value

    climber.step(closure)
    return float(gap().detach())


def zeros(
    precision: Tensor, pairs: Pairs = (), gaps: Sequence[tuple[Sequence[int], float]] = ()
) -> Figure:
    """Left the size of the entries of L, with predicted ones framed; right the gap that is left when one of them is taken away.

    Args:
        gaps: (pair, gap).
    """
    size, root = len(precision), torch.linalg.cholesky(precision).abs().numpy()
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.6)
    with style():
        with np.errstate(divide="ignore"):
            shown = np.where(root > 1e-12, np.log10(root), np.nan)
        image = left.imshow(shown, cmap="Blues", vmin=-2, vmax=0.5)
        figure.colorbar(image, ax=left, label="log10 of the size", shrink=0.8)
        for i, j in pairs:
            corner = (int(j) - 0.5, int(i) - 0.5)
            left.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=RED, linewidth=1.6))
        left.set(
            title="Entries of L",
            xlabel="column j",
            ylabel="row i",
            xticks=range(size),
            yticks=range(size),
        )
        left.grid(visible=False)
        right.set(title="Without one entry", xlabel="entry taken away", ylabel="gap, nats")
        if gaps:
            places = range(len(gaps))
            right.bar(places, [gap for _, gap in gaps], color=RED)
            right.set_xticks(
                list(places), [f"{i}, {j}" for (i, j), _ in gaps], rotation=90, fontsize=8
            )
        else:
            right.set(xticks=[], ylim=(0, 1))
            right.text(
                0.5, 0.5, "yours to predict", transform=right.transAxes, ha="center", color=GREY
            )
    return figure


def centring(learner: Callable[..., Sequence[Tensor]] | None = None) -> Figure:
    """The gap of mean field over c, one for all of three groups, exact and as a learner has it, for little data and for much."""
    from autograder.units.unit_08.centring import Groups, gap

    c, counts = np.linspace(0, 1, 41), np.array([1.0, 2.0, 4.0])
    figure, (axis,) = new_figure(width=5.2, height=3.4)
    with style():
        for sigma, colour, name in ((3.0, BLUE, "little data"), (0.4, RED, "much data")):
            exact = [gap(Groups(np.full(3, value), counts, sigma, 1.0, 2.0)) for value in c]
            axis.plot(c, exact, color=colour, linewidth=2.5, alpha=0.5)
            right = exact[-1] > exact[0]
            axis.annotate(
                name,
                (c[-1 if right else 0], exact[-1 if right else 0]),
                (-4 if right else 4, 4),
                textcoords="offset points",
                ha="right" if right else "left",
                color=colour,
            )
            with yours(axis, "centring") as attempt:
                there = torch.tensor(c[::4].copy())
                actual = [
                    attempt(learner, value.expand(3), torch.tensor(counts), sigma, 1.0, 2.0)[0]
                    for value in there
                ]
                axis.plot(there, [float(value) for value in actual], "o", color=colour)
        axis.axhline(0, color=BLACK, linewidth=0.8)
        axis.set(
            title="Neither end is right for both",
            xlabel="c: 0 is centred, 1 is not",
            ylabel="gap of mean field, nats",
        )
    return figure
