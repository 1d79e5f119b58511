"""Figures to aim for in problem set 05: the exact answer first, what a learner computed on top of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from autograder.units.unit_05.problems import LearnedPrior
from course_vi.data import breast_cancer
from course_vi.plots.style import BLACK, BLUE, GREEN, GREY, RED, new_figure, style

__all__ = ["chain", "climb", "growth", "patients", "regression"]

Factor = tuple[tuple[int, ...], Tensor]
ALL, OWN, EXACT = RED, GREEN, GREY  # all of the reward, the bit's own, the exact answer
SIZES = tuple(range(3, 12))


def chain(bits: int) -> tuple[Tensor, list[Factor]]:
    """A chain of bits that like to agree with their neighbours, and a q for it: logits ``(D)`` and factors (scope, table)."""
    logits = torch.full((bits,), 0.6, dtype=torch.float64)
    agree = torch.tensor([[-0.2, -1.7], [-1.7, -0.2]], dtype=torch.float64)
    first = torch.tensor([-0.4, -1.1], dtype=torch.float64)
    return logits, [((0,), first), *(((i, i - 1), agree) for i in range(1, bits))]


def growth(found: Sequence[tuple[int, Tensor]] = ()) -> Figure:
    """The variance of one middle bit's gradient over the length of the chain, exact; with a learner's tables as dots.

    Args:
        found: (D, table ``(4, D)``).
    """
    from autograder.units.unit_05.reference import variances

    figure, (axis,) = new_figure(width=5.6, height=3.6)
    exact = []
    for bits in SIZES:
        logits, factors = chain(bits)
        seen = variances(logits.numpy(), [(scope, table.numpy()) for scope, table in factors])
        exact.append((seen["full"][bits // 2], seen["kept"][bits // 2]))
    with style():
        for row, (colour, name) in enumerate(
            ((ALL, "all of the reward"), (OWN, "the bit's own part"))
        ):
            values = [pair[row] for pair in exact]
            axis.semilogy(SIZES, values, color=colour, linestyle=":", linewidth=2.5)
            axis.annotate(
                name,
                (SIZES[-1], values[-1]),
                (-4, 6),
                textcoords="offset points",
                color=colour,
                ha="right",
            )
            axis.semilogy(
                [bits for bits, _ in found],
                [float(table[row, bits // 2]) for bits, table in found],
                "o",
                color=colour,
            )
        axis.set(
            title="Only one of the two variances grows with the chain",
            xlabel="bits D",
            ylabel="variance of one estimate",
        )
    return figure


def patients(rows: int = 100, features: int = 3) -> Tensor:
    """Rows of the breast cancer data: intercept, standardized measurements, label, ``(rows, 2 + features)``."""
    return breast_cancer(features, dtype=torch.float64)[:rows]


def regression(x: Tensor, prior_scale: float = 5.0) -> LearnedPrior:
    """Logistic regression for these data, with a prior scale that is learned: it gives values, and no slope in z."""
    return LearnedPrior(x.shape[1] - 1, float(torch.tensor(prior_scale).log()))


def climb(x: Tensor, bounds: Sequence[float] = (), scales: Sequence[float] = ()) -> Figure:
    """The best bound for these data as a line, and what a climb recorded.

    Args:
        scales: of the prior, before and after.
    """
    from autograder.units.unit_05.bbvi import best as numbers
    from autograder.units.unit_05.bbvi import elbo

    there = numbers(x.numpy())
    best, best_scale = elbo(there, x.numpy()), float(torch.tensor(there[-1]).exp())
    figure, (axis,) = new_figure(width=5.6, height=3.4)
    with style():
        axis.axhline(best, color=EXACT, linestyle="--")
        axis.annotate(
            f"the best, {best:.1f}, at prior scale {best_scale:.2f}", (1.0, best), (-4, 5), xycoords=("axes fraction", "data"),
            textcoords="offset points", ha="right", color=BLACK,
        )  # fmt: skip
        if len(bounds):
            axis.plot(list(bounds), color=BLUE, linewidth=0.9)
            axis.set_xlim(0, len(bounds))
        title = "The bound climbs"
        if len(scales):
            title += f"; prior scale {scales[0]:.2f} to {scales[-1]:.2f}"
        axis.set(
            title=title,
            xlabel="step",
            ylabel="estimate of the bound, nats",
            ylim=(best - 45, best + 6),
        )
    return figure
