"""Figures of lecture 05, The score function: a moving edge, steps, climbs, and pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.images import labelled_pictures
from course_vi.plots.style import (
    BASELINE,
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PATH,
    PINK,
    QUIET,
    RED,
    SCORE,
    SKY,
    new_figure,
    style,
)

__all__ = ["BLANKETS", "COLOURS", "CONSTANT", "climbs", "moving_edge", "pictures", "steps"]

# One colour per way to pay less, in every figure of the unit; the path is what it is in unit 06.
CONSTANT, BLANKETS = BASELINE, ORANGE

COLOURS = {
    "no baseline": SCORE,
    "best constant": CONSTANT,
    "leave-one-out": CONSTANT,
    "blankets": BLANKETS,
    "blankets, leave-one-out": BLANKETS,
}


def moving_edge(
    z: Tensor,
    densities: Sequence[tuple[str, Tensor, Tensor]],
    phi: Tensor,
    exact: Sequence[Tensor],
    at: Tensor,
    measured: Sequence[Mapping[str, tuple[Tensor, Tensor]]],
) -> Figure:
    """Two densities with an edge that moves with phi, and what both estimators say of the slope of E f.

    Args:
        densities: (title, density at phi, density a little further on), ``(n,)`` over z.
        exact: the slope over phi, ``(m,)``, for each density.
        measured: ``{"score function" or "path": (mean, standard error)}``, ``(k,)`` over ``at``, for each density.
    """
    figure, axes = new_figure(columns=2, rows=2, width=4.5, height=2.7)
    with style():
        for column, (title, now, then) in enumerate(densities):
            top, low = axes[column], axes[2 + column]
            top.plot(z, now, color=BLUE), top.plot(z, then, color=SKY, linestyle="--")
            top.fill_between(z, now, where=(then == 0).numpy(), color=RED, alpha=0.35, linewidth=0)
            top.set(title=title, xlabel="z", ylim=(0, 1.1))
            low.plot(phi, exact[column], color=BLACK, linewidth=1.4)
            for name, colour, marker in (("score function", SCORE, "o"), ("path", PATH, "x")):
                mean, error = measured[column][name]
                low.errorbar(at, mean, 2 * error, fmt=marker, color=colour, markersize=6)
            low.set(xlabel=r"$\phi$", ylim=(-1.0, 1.0))
        axes[0].set_ylabel("density q"), axes[2].set_ylabel(r"slope of E f in $\phi$")
        (
            axes[0].text(1.5, 0.75, r"q at $\phi$ = 1", color=BLUE),
            axes[0].text(2.2, 0.5, r"q at $\phi$ = 1.3", color=SKY),
        )
        axes[0].text(0.9, 0.5, "left\nbehind", color=RED, ha="right", fontsize=9)
        axes[2].set_title("The score function is wrong"), axes[3].set_title("Both are right")
        axes[2].text(0.15, 0.62, "score function", color=SCORE, fontsize=9)
        axes[2].text(4.15, 0.78, "path, on the exact line", color=PATH, fontsize=9, ha="center")
    return figure


def steps(
    t: Tensor, curves: Mapping[str, Tensor], slopes: Mapping[str, tuple[float, float]], start: int
) -> Figure:
    """Mean squared error over steps, on log axes, with lines of the predicted slopes.

    Args:
        t, curves: ``(n,)`` each, by the name that stands at its end.
        slopes: ``{name: (slope, where its dotted line passes at the end, in units of the curve)}``.
        start: where the dotted lines begin.
    """
    figure, (ax,) = new_figure(width=6.6, height=3.9)
    with style():
        places = _apart({name: math.log(float(error[-1])) for name, error in curves.items()}, 0.28)
        for (name, error), colour in zip(
            curves.items(), (RED, ORANGE, SKY, PINK, GREEN), strict=False
        ):
            ax.loglog(t, error, color=colour)
            words, place = name.replace("a h", "$ah$"), math.exp(places[name])
            ax.text(1.1 * float(t[-1]), place, words, color=colour, fontsize=9, va="center")
            if name in slopes:
                slope, at = slopes[name]
                late = t[start:]
                ax.loglog(
                    late,
                    at * error[-1] * (late / t[-1]) ** slope,
                    color=BLACK,
                    linestyle=":",
                    linewidth=1.2,
                )
        ax.set(
            title="What the step sizes decide (dotted: predicted slopes)",
            xlabel="step t, plus 20",
            ylabel="mean squared error of m",
            xlim=(float(t[0]), 4 * float(t[-1])),
            ylim=(0.6 * math.exp(min(places.values())), None),
        )
    return figure


def climbs(at: Tensor, curves: Mapping[str, Tensor], exact: Tensor, best: float) -> Figure:
    """The exact ELBO along climbs that see it only through noisy gradients.

    Args:
        at: steps, ``(n,)``.
        curves: ``{way: (seeds, n)}``.
        exact: along a climb by exact gradients, ``(n,)``.
        best: the log evidence, maximized in theta.
    """
    figure, (ax,) = new_figure(width=6.6, height=3.7)
    with style():
        for name, values in curves.items():
            for run in values:
                ax.plot(at, run, color=COLOURS[name], linewidth=0.9, alpha=0.7)
        ax.plot(at, exact, color=BLACK, linewidth=1.4, linestyle=(0, (4, 4)))
        ax.axhline(best, color=GREY, linestyle=":", linewidth=1.4)
        ends = {name: float(values[:, -1].mean()) for name, values in curves.items()}
        ends |= {"exact gradients": float(exact[-1])}
        low, high = float(min(values.min() for values in curves.values())), best
        places = _apart(ends, 0.06 * (high - low))
        for name, place in places.items():
            ax.text(
                1.02 * float(at[-1]),
                place,
                name,
                color=COLOURS.get(name, BLACK),
                fontsize=9,
                va="center",
            )
        ax.text(
            0.01 * float(at[-1]),
            best + 0.3,
            "largest log evidence",
            color=QUIET,
            fontsize=8,
            va="bottom",
        )
        ax.set(
            title="The same climb, by better and better gradients",
            xlabel="step",
            ylabel="exact ELBO per picture (nats)",
            xlim=(0, 1.42 * float(at[-1])),
            ylim=(low - 3, high + 7),
        )
    return figure


def _apart(places: Mapping[str, float], least: float) -> dict[str, float]:
    """Heights of labels, from the highest down, moved where two would touch."""
    moved: dict[str, float] = {}
    for name, place in sorted(places.items(), key=lambda item: -item[1]):
        moved[name] = min([place, *(other - least for other in moved.values())])
    return moved


def pictures(rows: Mapping[str, Tensor], title: str) -> Figure:
    """Rows of 8 x 8 pictures, values in [0, 1]: ``{label: (n, 64)}``."""
    return labelled_pictures(rows, title)
