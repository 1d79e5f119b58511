"""Figures of lecture 07, Discrete relaxations."""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.style import (
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    QUIET,
    RED,
    SKY,
    new_figure,
    style,
)

__all__ = [
    "at_the_top",
    "bent_coin",
    "budgets",
    "relaxed_values",
    "secant",
    "temperatures",
    "two_sides",
]

# One colour per estimator, in every figure of the unit; score function, its baselines and paths as in units 05 and 06.
COLOURS = {
    "score function": RED,
    "leave-one-out": GREEN,
    "DisARM": SKY,
    "REBAR": PINK,
    "RELAX": BLACK,
    "Gumbel-softmax": BLUE,
    "straight-through": ORANGE,
}
WARM = (BLUE, SKY, ORANGE)  # from the coldest to the warmest


def bent_coin(s: Tensor, density: Tensor, z: Tensor, densities: Mapping[float, Tensor]) -> Figure:
    """The step and sigmoids over the perturbed logit, and densities of the relaxed bit, by temperature.

    Args:
        s, density: the perturbed logit and its density, ``(n,)``.
        z: places of the relaxed bit, ``(m,)``; ``densities``: ``{temperature: (m,)}``, of three temperatures.
    """
    figure, (left, right) = new_figure(columns=2, width=4.5, height=3.2)
    colours = dict(zip(sorted(densities), WARM, strict=True))
    with style():
        left.fill_between(s, 2 * density, color=GREY, alpha=0.3, linewidth=0)
        left.text(3.4, 0.16, "density of s,\nscaled", color=QUIET, fontsize=8, ha="center")
        left.plot(s, (s > 0).double(), color=BLACK, linewidth=1.2, drawstyle="steps-mid")
        left.annotate(
            "the step",
            (0.0, 0.93),
            (-4.4, 0.88),
            fontsize=9,
            va="center",
            arrowprops={"arrowstyle": "-", "linewidth": 0.8},
        )
        for (tau, colour), height in zip(colours.items(), (0.76, 0.64, 0.52), strict=True):
            left.plot(s, (s / tau).sigmoid(), color=colour)
            words = BROWN if colour == ORANGE else colour
            left.text(-4.7, height, f"temperature {tau:g}", color=words, fontsize=9, va="center")
            right.plot(z, densities[tau], color=colour)
        for tau, (x, y, side) in zip(
            colours,
            ((0.03, 2.3, "left"), (0.93, 4.5, "right"), (0.36, 1.6, "center")),
            strict=True,
        ):
            words = BROWN if colours[tau] == ORANGE else colours[tau]
            right.text(x, y, f"temperature {tau:g}", color=words, fontsize=9, ha=side)
        left.set(title="The step, and what replaces it", xlabel="perturbed logit $s$")
        left.set(ylabel=r"bit $z$, relaxed bit $\tilde z$")
        right.set(title="Cold coins land near the sides", xlabel=r"relaxed bit $\tilde z$")
        right.set(ylabel="density", ylim=(0, 5.5))
    return figure


def temperatures(tau: Tensor, errors: Tensor, squared: Mapping[int, Tensor]) -> Figure:
    """Squared bias and variance over the temperature; mean squared error for several numbers of samples.

    Args:
        tau: ``(n,)``.
        errors: squared bias and variance first along the last axis, ``(seeds, n, 2 or more)``.
        squared: ``{samples: (seeds, n)}``.
    """
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.6)
    parts = (("squared bias", ORANGE, 0), ("variance of one sample", BLUE, 1))
    with style():
        for name, colour, part in parts:
            mean, error = _mean(errors[..., part])
            left.errorbar(tau, mean, 2 * error, fmt="o-", color=colour, markersize=4)
            words = BROWN if colour == ORANGE else colour
            spot = len(tau) // 2 if part == 0 else -2
            x, y = float(tau[spot]), float(mean[spot])
            place = (1.2 * x, 0.5 * y) if part == 0 else (1.1 * x, 1.25 * y)
            left.text(*place, name, color=words, fontsize=9)
        for (count, values), colour in zip(squared.items(), (RED, ORANGE, SKY, BLUE), strict=False):
            mean, error = _mean(values)
            right.errorbar(tau, mean, 2 * error, fmt="-", color=colour)
            low = int(mean.argmin())
            right.plot([float(tau[low])], [float(mean[low])], "v", color=colour, markersize=9)
            words = BROWN if colour == ORANGE else colour
            right.text(
                0.92 * float(tau[-1]),
                float(mean[-1]),
                f"$K$ = {count:,}",
                color=words,
                fontsize=9,
                ha="right",
                va="center",
            )
        left.set(title="Cold is noisy, warm is wrong")
        right.set(title="The more samples, the colder the best")
        left.set(ylabel="squared bias, variance")
        right.set(ylabel="mean squared error")
        for ax in (left, right):
            _logarithmic(ax, tau)
        right.set(xlim=(0.4 * float(tau.min()), 1.2 * float(tau.max())))
    return figure


def relaxed_values(tau: Tensor, told: Tensor, elbo: float) -> Figure:
    """What a relaxed bound says of a fixed q, over the temperature, in nats above the log evidence.

    Args:
        tau: ``(n,)``.
        told: ``(n, images)``.
        elbo: exact, mean over images, less the log evidence.
    """
    figure, (ax,) = new_figure(width=6.0, height=3.4)
    mean, error = told.mean(1), told.std(1) / told.shape[1] ** 0.5
    with style():
        ax.axhline(0.0, color=BLACK, linestyle="--", linewidth=1.2)
        ax.axhline(elbo, color=GREY, linewidth=1.8)
        ax.errorbar(tau, mean, 2 * error, fmt="o-", color=BLUE, markersize=4)
        words = r"$\log p(x)$, and just below it the exact ELBO of this q"
        ax.text(0.97 * float(tau.max()), elbo - 0.12, words, fontsize=9, ha="right", va="top")
        middle = int((tau - 0.9).abs().argmin())
        ax.text(
            0.9 * float(tau[middle]),
            float(mean[middle]) + 0.15,
            "relaxed value of this q",
            color=BLUE,
            fontsize=9,
            ha="right",
        )
        _logarithmic(ax, tau, log_y=False)
        ax.set(
            title="A value that no bound of the model could have", ylabel=r"nats above $\log p(x)$"
        )
        ax.set(ylim=(min(-0.6, elbo - 0.6), None))
    return figure


def secant(line: Tensor, curve: Tensor, ends: Tensor, slopes: Tensor) -> Figure:
    """A function of one bit: the secant that the truth uses, and the tangents that straight-through uses.

    Args:
        line, curve: ``(n,)`` on [0, 1].
        ends, slopes: at 0 and at 1, ``(2,)``.
    """
    figure, (ax,) = new_figure(width=6.0, height=3.6)
    low, high = (float(value) for value in ends)
    span = float(curve.max() - curve.min())
    with style():
        ax.plot(line, curve, color=GREY, linewidth=5, alpha=0.5)
        ax.plot([0, 1], [low, high], color=BLACK, linestyle="--", linewidth=1.6)
        for at, height, slope in ((0.0, low, float(slopes[0])), (1.0, high, float(slopes[1]))):
            reach = min(0.45, 0.75 * span / max(abs(slope), 1e-6))
            step = reach if at == 0 else -reach
            ax.plot([at, at + step], [height, height + step * slope], color=ORANGE, linewidth=2.4)
            ax.plot([at], [height], "o", color=BLACK, markersize=6)
            name = "a tangent, used where z = 0"
            name = name if at == 0 else "a tangent, used where z = 1"
            up, side = (height + step * slope, "left") if at == 0 else (height, "right")
            ax.text(at, up + 0.05 * span, name, color=BROWN, fontsize=9, ha=side)
        ax.text(0.5, low + 0.38 * (high - low), "the secant, the truth", fontsize=9)
        ax.set(
            title="A slope at one end is not the difference", xlabel="one bit, between its states"
        )
        ax.set(ylabel=r"$\log p(x, z)$ (nats)", xlim=(-0.04, 1.04))
        ax.set(ylim=(None, float(curve.max()) + 0.15 * span))
    return figure


def two_sides(s: Tensor, density: Tensor, first: float, second: float) -> Figure:
    """The density of the perturbed logit, a draw of it, and a second draw on the same side of zero."""
    figure, (ax,) = new_figure(width=6.2, height=3.2)
    top = float(density.max())
    with style():
        ax.plot(s, density, color=BLUE)
        side = s > 0 if first > 0 else s < 0
        ax.fill_between(s, density, where=side.numpy(), color=PINK, alpha=0.35, linewidth=0)
        ax.axvline(0.0, color=BLACK, linewidth=1.0)
        for place, name, colour in ((first, "$s$", BLUE), (second, "$s'$", PINK)):
            ax.plot([place], [0.0], "o", color=colour, markersize=9, clip_on=False, zorder=5)
            ax.text(place, 0.07 * top, name, color=colour, fontsize=12, ha="center")
        ax.text(-0.2, 1.08 * top, "$z = 0$", fontsize=10, ha="right")
        ax.text(0.2, 1.08 * top, "$z = 1$", fontsize=10)
        ax.text(
            -2.5, 0.62 * top, "$s$ comes from\nthe whole curve", color=BLUE, fontsize=9, ha="center"
        )
        ax.text(
            3.1, 0.62 * top, "$s'$ from its shaded part:\nthe side of $z$", color=PINK, fontsize=9
        )
        ax.set(title="The second draw knows on which side it must fall", xlabel="perturbed logit")
        ax.set(ylabel="density", ylim=(0, 1.2 * top))
    return figure


def budgets(spent: Tensor, errors: Mapping[str, Tensor], cost: Mapping[str, float]) -> Figure:
    """Mean squared error of an averaged gradient over what is spent on it.

    Args:
        spent: evaluations of log p, ``(n,)``; a curve begins where its estimator can be afforded.
        errors: ``{estimator: (squared bias, variance)}``; the bias counts where it is a part of the method.
        cost: ``{estimator: evaluations}``.
    """
    figure, (ax,) = new_figure(width=6.8, height=4.2)
    ends: dict[str, float] = {}
    with style():
        for name, (bias, variance) in ((name, values[:2]) for name, values in errors.items()):
            biased = name in ("Gumbel-softmax", "straight-through")
            can = spent >= cost[name]
            curve = (float(bias) if biased else 0.0) + float(variance) * cost[name] / spent[can]
            ax.loglog(spent[can], curve, color=COLOURS[name], linestyle="-" if biased else "--")
            ends[name] = math.log(float(curve[-1]))
        places = _apart(ends, 0.62)
        for name, place in places.items():
            words = BROWN if COLOURS[name] == ORANGE else COLOURS[name]
            ax.text(
                1.15 * float(spent[-1]), math.exp(place), name, color=words, fontsize=9, va="center"
            )
        ax.set(title="At one temperature the bent coin is ahead at first, then never again")
        ax.set(xlabel=r"evaluations of $\log p$", ylabel="mean squared error of the gradient")
        powers = [10.0**k for k in range(round(math.log10(float(spent[-1]))) + 1)]
        ax.set(xlim=(float(spent[0]), 14 * float(spent[-1])), xticks=powers)
        ax.minorticks_off()
        ax.set(ylim=(0.6 * math.exp(min(places.values())), None))
    return figure


def at_the_top(steps: Tensor, below: Mapping[str, Tensor]) -> Figure:
    """Climbs that start at the optimum: how far below it they are. ``below``: ``{estimator: (n, runs)}``."""
    figure, (ax,) = new_figure(width=6.6, height=3.8)
    with style():
        for name, runs in below.items():
            for run in runs.T:
                ax.plot(steps, run, color=COLOURS[name], linewidth=0.9, alpha=0.7)
        ends = {name: float(runs[-1].mean()) for name, runs in below.items()}
        high = max(float(runs.max()) for runs in below.values())
        places = _apart(ends, 0.065 * high)
        for name, place in places.items():
            words = BROWN if COLOURS[name] == ORANGE else COLOURS[name]
            ax.text(1.02 * float(steps[-1]), place, name, color=words, fontsize=9, va="center")
        ax.set(title="Whoever is right on average stays at the top", xlabel="step")
        ax.set(ylabel="exact ELBO, nats below the top", xlim=(0, 1.4 * float(steps[-1])))
        ax.set(ylim=(min(0.0, *places.values()) - 0.05 * high, None))
        ax.set_xticks([tick for tick in ax.get_xticks() if 0 <= tick <= float(steps[-1])])
    return figure


def _mean(values: Tensor) -> tuple[Tensor, Tensor]:
    """Over seeds, the first axis, with its standard error."""
    return values.mean(0), values.std(0) / len(values) ** 0.5


def _logarithmic(ax: Axes, tau: Tensor, log_y: bool = True) -> None:
    shown = [value for value in (0.1, 0.2, 0.5, 1.0, 2.0) if tau.min() <= value <= tau.max()]
    ax.set_xscale("log")
    if log_y:
        ax.set_yscale("log")
    ax.set_xticks(shown, labels=[f"{value:g}" for value in shown])
    ax.set_xticks([], minor=True)
    ax.set_xlabel(r"temperature $\tau$")


def _apart(places: Mapping[str, float], least: float) -> dict[str, float]:
    """Heights of labels, from the highest down, moved where two would touch."""
    moved: dict[str, float] = {}
    for name, place in sorted(places.items(), key=lambda item: -item[1]):
        moved[name] = min([place, *(other - least for other in moved.values())])
    return moved
