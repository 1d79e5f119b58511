"""Figures of the capstone's specimen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course_vi.plots.style import BLACK, BLUE, EXACT, GREY, ORANGE, QUIET, RED, new_figure

__all__ = ["scores", "visits"]


def visits(observed: Sequence[float], predicted: Mapping[str, Sequence[float]]) -> Figure:
    """How many years have 0, 1, 2, ... visits: what was seen, and what models say, as shares on a logarithmic axis."""
    figure, (axis,) = new_figure(width=6.4, height=3.6)
    counts, floor = range(len(observed)), min(observed) / 6
    axis.plot(counts, observed, "o", color=EXACT, markersize=5, zorder=3)
    axis.annotate("seen", (0, observed[0]), (0.5, observed[0] * 1.15), color=EXACT)
    for (name, shares), colour in zip(predicted.items(), (RED, ORANGE, BLUE), strict=False):
        axis.plot(counts, shares, color=colour)
        shown = [k for k, share in enumerate(shares) if share > floor]
        axis.annotate(f"  {name}", (shown[-1], shares[shown[-1]]), color=colour, va="bottom")
    axis.set(
        yscale="log",
        xlabel="visits in a year",
        ylabel="share of years",
        title="Zeros and tail need a latent variable",
        xlim=(-0.5, len(observed) + 3.5),
        ylim=(floor, 1.0),
    )
    return figure


def scores(
    models: Mapping[str, tuple[float, float]], said: tuple[float, float, float], came: tuple[float, float]
) -> Figure:  # fmt: skip
    """Scores of models by cross-validation, ``(mean, standard error)``; the forecast, ``(mean, low, high)``; and the score that came."""
    figure, (axis,) = new_figure(width=6.4, height=2.8)
    rows = list(models)
    for row, name in enumerate(rows):
        mean, error = models[name]
        axis.errorbar(mean, row, xerr=error, fmt="o", color=GREY, capsize=3)
    last = len(rows)
    mean, low, high = said
    axis.plot([low, high], [last, last], color=BLUE, linewidth=6, alpha=0.4, solid_capstyle="butt")
    axis.plot(mean, last, "|", color=BLUE, markersize=14)
    axis.errorbar(came[0], last + 1, xerr=came[1], fmt="o", color=BLACK, capsize=3)
    axis.set_yticks(
        range(last + 2), [*rows, "forecast (95%)", "held out (± standard error)"], color=QUIET
    )
    axis.set(
        xlabel=r"$\log p(y \mid x)$, nats a person",
        title=f"It came {'inside' if low <= came[0] <= high else 'outside'} of the interval",
        ylim=(-0.6, last + 1.6),
    )
    return figure
