"""Figures of lecture 14, Pyro: traces as tapes, a message's way, twins, what a plate promises, losses, subsampling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor
from torch.distributions import Normal

from course_vi.plots.primitives import blank
from course_vi.plots.style import (
    BASELINE,
    BLACK,
    EXACT,
    GREY,
    LANDING,
    PALE_BLUE,
    PALE_GREY,
    PATH,
    PINK,
    PLUM,
    POSTERIOR,
    QUIET,
    RED,
    SCORE,
    WHITE,
    new_figure,
    style,
)

__all__ = [
    "losses",
    "message_path",
    "promised",
    "subsampled",
    "twins",
    "two_traces",
]

Site = tuple[Tensor, float, bool]


def _box(
    ax: Axes, corners: tuple[float, float, float, float], text: str, colour: str = WHITE
) -> None:
    x0, y0, x1, y1 = corners
    patch = FancyBboxPatch(
        (x0, y0),
        x1 - x0,
        y1 - y0,
        boxstyle="round,pad=0.02,rounding_size=0.1",
        facecolor=colour,
        edgecolor=BLACK,
        linewidth=1.1,
    )
    ax.add_patch(patch)
    ax.text((x0 + x1) / 2, (y0 + y1) / 2, text, ha="center", va="center", fontsize=9)


def two_traces(traces: Mapping[str, Mapping[str, Site]]) -> Figure:
    """Traces as columns of boxes, a box for each site: ``{title: {site: (value, log density, observed)}}``."""
    figure, axes = new_figure(columns=len(traces), width=4.3, height=2.9)
    with style():
        for ax, (title, sites) in zip(axes, traces.items(), strict=True):
            blank(ax, f"The program {title}", (-0.2, 6.4), (-0.25, 1.35 * len(sites) + 0.25))
            for row, (name, (value, log_density, observed)) in enumerate(sites.items()):
                low = 1.35 * (len(sites) - 1 - row)
                numbers = [f"{number:.0f}" for number in value.reshape(-1).tolist()]
                _box(
                    ax,
                    (0.0, low, 4.3, low + 1.0),
                    f"{name}{', observed' if observed else ''}\n{'  '.join(numbers)}",
                    PALE_GREY if observed else WHITE,
                )
                ax.text(4.6, low + 0.5, f"log density\n{log_density:.2f}", va="center", fontsize=9)
    return figure


def message_path() -> Figure:
    """A message on its way out to the listeners, innermost first, and back."""
    figure, (ax,) = new_figure(width=6.4, height=4.2)
    layers = (
        ("the program:  sample(name, law)", PALE_BLUE),
        ("Condition (innermost)", WHITE),
        ("Replay", WHITE),
        ("Trace (outermost)", WHITE),
        ("no value yet?  draw one from the law", PALE_GREY),
    )
    with style():
        blank(ax, "A message asks on its way out, and tells on its way back", (-3.4, 8.4), (-0.3, 6.6))  # fmt: skip
        for row, (words, colour) in enumerate(layers):
            _box(ax, (0.0, 1.35 * row, 5.0, 1.35 * row + 0.8), words, colour)
        for row in range(len(layers) - 1):
            low, high = 1.35 * row + 0.8, 1.35 * (row + 1)
            for x, (start, end), shade in (
                (1.2, (low, high), PATH),
                (3.8, (high, low), BASELINE),
            ):
                ax.annotate("", (x, end), (x, start), arrowprops={"arrowstyle": "-|>", "color": shade})  # fmt: skip
        ax.text(-0.3, 3.1, "ask: who has\na value?", color=PATH, ha="right", va="center")
        ax.text(5.3, 3.1, "tell: this is\nwhat it became", color=BASELINE, va="center")
    return figure


def twins(gaps: Mapping[str, tuple[float, float]]) -> Figure:
    """Relative differences of value and gradient between models and their twins: ``{model: (value, gradient)}``."""
    figure, (ax,) = new_figure(width=7.0, height=0.21 * len(gaps) + 1.2)
    least = 1e-18  # where what is exactly equal is drawn
    names = sorted(gaps, reverse=True)
    with style():
        for row, name in enumerate(names):
            value, gradient = (max(gap, least) for gap in gaps[name])
            ax.plot(value, row, "o", color=PATH, markersize=5)
            ax.plot(gradient, row, "x", color=PINK, markersize=6)
        ax.axvline(torch.finfo(torch.float64).eps, color=GREY, linestyle=":", linewidth=1.2)
        ax.text(3e-16, 0.2, "one rounding error", color=QUIET, fontsize=9)
        ax.text(1e-12, len(names) - 2, "● log joint", color=PATH, fontsize=9)
        ax.text(1e-12, len(names) - 3.3, "× its gradient", color=PLUM, fontsize=9)
        ax.set(title="Each twin differs from its model by rounding alone", xscale="log")
        ax.set(xlim=(least / 3, 1e-9), xlabel="relative difference (left edge: none at all)")
        ax.set_ylabel("model")
        ax.set_yticks(range(len(names)), names, fontsize=8)
    return figure


def promised(
    counts: Sequence[int], spread: Mapping[tuple[bool, int], Tensor], log_p: Tensor
) -> Figure:
    """Variance of the first row's score gradient over the number of rows, with a plate and without, beside the exact lines."""
    figure, (ax,) = new_figure(width=6.4, height=3.6)
    n = torch.tensor(counts, dtype=torch.float64)
    last = float(n[-1])
    with style():
        for kept, colour, words in (
            (True, BASELINE, "with a plate: the row's own terms"),
            (False, SCORE, "written as one event: the terms of all rows"),
        ):
            exact = 2 * (log_p.double() * (torch.ones_like(n) if kept else n)) ** 2
            ax.plot(n, exact, color=colour, linewidth=1.2)
            found = torch.stack([spread[kept, count] for count in counts])
            ax.plot(n, found, "o", color=colour, markersize=5)
            height = float(exact[len(n) // 2])
            place = (last, 1.45 * float(exact[-1]), "right") if kept else (1.0, 6 * height, "left")
            ax.text(place[0], place[1], words, color=colour, ha=place[2], fontsize=9)
        ax.text(last, 1.5, "lines: exact; dots: 1,000 gradients each", color=QUIET, ha="right", fontsize=9)  # fmt: skip
        ax.set(title="Without the promise a row hears the noise of all", xscale="log", yscale="log")
        ax.set(xlabel="rows $N$", ylabel="variance of the gradient", ylim=(1.0, None))
        ax.set_xticks(list(counts), [str(count) for count in counts])
        ax.minorticks_off()
    return figure


def losses(noise: Mapping[tuple[str, str], tuple[float, float, float]]) -> Figure:
    """Variances at the exact posterior: ``{(loss, parameter): (measured, standard error, exact)}``."""
    figure, axes = new_figure(columns=2, width=4.6, height=2.7, sharey=True)
    names = list(dict.fromkeys(name for name, _ in noise))[::-1]
    colours = {"stl_loss": LANDING, "Trace_ELBO": RED, "Trace_ELBO, no path": PINK}
    with style():
        for ax, (part, words) in zip(axes, (("loc", "$m$"), ("log_scale", r"$\log s$")), strict=True):  # fmt: skip
            for row, name in enumerate(names):
                measured, error, exact = noise[name, part]
                ax.barh(row, measured, color=colours.get(name, BASELINE), alpha=0.7, height=0.55)
                ax.errorbar(measured, row, xerr=2 * error, color=BLACK, capsize=3, linewidth=1)
                ax.plot(exact, row, "|", color=EXACT, markersize=18)
                ax.text(measured + 2 * error + 0.4, row, f"{measured:.2f}", va="center", fontsize=9)
            ax.set(
                title=f"In {words} only one is silent",
                xlabel="variance at the posterior",
                ylabel="loss",
            )
            ax.set_yticks(range(len(names)), names, fontsize=9)
            ax.set_xlim(0, 1.25 * max(value for value, _, _ in noise.values()))
    return figure


def subsampled(places: Mapping[str, tuple[float, float]]) -> Figure:
    """Where fits on minibatches end: ``{program: (mean, standard deviation)}``; the first is the posterior of all data."""
    figure, (ax,) = new_figure(width=6.4, height=3.3)
    looks = ((POSTERIOR, "-"), (PATH, "--"), (RED, "-"))
    line = torch.linspace(-16.0, 26.0, 400, dtype=torch.float64)
    with style():
        for row, ((name, (mean, sd)), (colour, dash)) in enumerate(
            zip(places.items(), looks, strict=True)
        ):
            density = Normal(mean, sd).log_prob(line).exp()
            if row == 0:
                ax.fill_between(line, density, color=colour, alpha=0.3, linewidth=0)
            else:
                ax.plot(line, density, color=colour, linestyle=dash)
            words = QUIET if row == 0 else colour
            ax.text(12.5, 0.1 - 0.011 * row, f"{name}: {mean:.1f} ± {sd:.1f}", color=words, fontsize=9)  # fmt: skip
        ax.set(title="A plate that is told the wrong size believes in fewer schools")
        ax.set(xlabel=r"common effect $\mu$ (points)", ylabel="density", ylim=(0, None))
    return figure
