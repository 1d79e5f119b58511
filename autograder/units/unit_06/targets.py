"""Figures to aim for in problem set 06: the exact answer first, what a learner computed on top of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.distributions import Gamma, Normal

from course_vi.models.base import Model
from course_vi.plots.primitives import yours
from course_vi.plots.style import (
    BASELINE,
    BLACK,
    BLUE,
    GREEN,
    GREY,
    PATH,
    RED,
    SCORE,
    new_figure,
    style,
)

__all__ = [
    "collapse",
    "edges",
    "horse_kicks",
    "own_target",
    "posteriors",
    "quadratic",
    "standard_normal",
]


class _StandardNormal(Model):
    """log p(x, z) = log N(z; 0, I), whatever x is."""

    data_dim = 1

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.latent_dim = dim

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {"all": Normal(0.0, 1.0).log_prob(z).sum(-1)}


def standard_normal(dim: int) -> Model:
    """A model whose posterior is N(0, I), and whose evidence is one."""
    return _StandardNormal(dim)


def posteriors(x: Tensor, loc: Tensor | None = None, log_scale: Tensor | None = None) -> Figure:
    """The exact posterior means and standard deviations on the toy over x, ``(N, 1)``; the fitted ones where there are some."""
    figure, (left, right) = new_figure(columns=2)
    with style():
        left.plot(x, x / 2, color=GREY, linestyle="--", label="exact, x / 2")
        right.axhline(0.5**0.5, color=GREY, linestyle="--", label="exact, 0.707")
        if loc is not None and log_scale is not None:
            left.plot(x, loc, ".", color=PATH, label="fitted")
            right.plot(x, log_scale.exp(), ".", color=PATH, label="fitted")
        left.set(title="Mean of q", xlabel="datum x", ylabel="units of z")
        right.set(
            title="Standard deviation of q", xlabel="datum x", xlim=left.get_xlim(), ylim=(0.5, 0.9)
        )
        left.legend(fontsize=8), right.legend(fontsize=8)
    return figure


def quadratic(
    table: Callable[[float, float, float, float], Tensor] | None = None,
    a: float = 1.0,
    b: float = -2.0,
    m: float = 0.5,
) -> Figure:
    """Variances over the scale of q, for f(z) = a z^2 / 2 + b z: those for m that the lecture derives, and all six of a learner.

    Args:
        table: gives the ``(3, 2)`` variances at (a, b, m, s).
    """
    s = torch.logspace(-1, 0.6, 60)
    c, f0 = a * m + b, a * m**2 / 2 + b * m
    aim = (
        a**2 * s**2,
        f0**2 / s**2 + 2 * c**2 + 15 / 4 * a**2 * s**2 + 3 * a * f0,
        2 * c**2 + 1.5 * a**2 * s**2,
    )
    rows = (
        None
        if table is None
        else torch.stack([torch.as_tensor(table(a, b, m, float(v))) for v in s])
    )
    figure, axes = new_figure(columns=2, width=4.6, height=3.8)
    with style():
        for column, (axis, name) in enumerate(zip(axes, ("the mean m", "log s"), strict=True)):
            for row, (colour, label) in enumerate(
                ((PATH, "pathwise"), (SCORE, "score function"), (BASELINE, "score, best baseline"))
            ):
                if column == 0:
                    axis.loglog(
                        s,
                        aim[row],
                        color=colour,
                        linestyle=":",
                        linewidth=3,
                        alpha=0.6,
                        label=f"{label}, lecture",
                    )
                if rows is not None:
                    axis.loglog(s, rows[:, row, column], color=colour, label=f"{label}, yours")
            axis.set(
                title=f"Gradient of {name}",
                xlabel="scale s of q",
                ylabel="variance of one estimate",
                xscale="log",
                yscale="log",
                xlim=(0.08, 5),
                ylim=((5e-3, 2e2), (5e-3, 1e4))[column],
            )
        if rows is None:
            axes[1].text(
                0.5, 0.5, "yours to predict", transform=axes[1].transAxes, ha="center", color=GREY
            )
        figure.legend(
            *axes[0].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=3
        )
    return figure


def own_target(m: float, s: float, f: Callable[[Tensor], Tensor]) -> Figure:
    """Left f under the bulk of q = N(m, s^2); right both one-sample gradients of the mean over the noise."""
    eps = torch.linspace(-3, 3, 601, dtype=torch.float64)
    z = (m + s * eps).requires_grad_()
    value = f(z)
    (slope,) = torch.autograd.grad(value.sum(), z)
    value, z = value.detach(), z.detach()
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.2)
    with style():
        density = Normal(0.0, 1.0).log_prob(eps).exp()
        low, high = float(value.min()), float(value.max())
        left.fill_between(
            z,
            low,
            low + (high - low) * density / density.max(),
            color=GREY,
            alpha=0.25,
            label="q (its shape)",
        )
        left.plot(z, value, color=BLACK, linewidth=1.2, label="your f")
        right.plot(eps, slope, color=PATH, linewidth=1.0, label="pathwise, f'(z)")
        right.plot(eps, value * eps / s, color=SCORE, linewidth=1.4, label="score, f(z) eps / s")
        left.set(title=f"The target, m = {m:g}, s = {s:g}", xlabel="z", ylabel="f(z)")
        right.set(title="One-sample gradients of m", xlabel="noise eps", ylabel="estimate")
        for axis in (left, right):
            low, high = axis.get_ylim()
            axis.set_ylim(low, high + 0.3 * (high - low))
            axis.legend(fontsize=8, loc="upper center", ncols=2)
    return figure


def edges(two_repairs: Callable[..., Sequence[Tensor]] | None = None) -> Figure:
    """Left a cost with two jumps and a density with an edge; right the slope of the mean cost in loc: exact, plain, and repaired."""
    s, places, heights = 0.6, torch.tensor([1.3, 2.2]), torch.tensor([2.0, 1.0])
    places, heights = places.double(), heights.double()

    def f(z: Tensor) -> Tensor:
        return 1 + 0.4 * z + (heights * (z.detach().unsqueeze(-1) > places)).sum(-1)

    z = torch.linspace(-0.2, 3, 800, dtype=torch.float64)
    loc = torch.linspace(-0.2, 2.6, 300, dtype=torch.float64)
    crossing = torch.where(
        places > loc[:, None], heights * torch.exp((loc[:, None] - places) / s) / s, 0.0
    )
    exact = 0.4 + crossing.sum(-1)
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.4)
    with style():
        left.plot(z, f(z), color=BLACK, linewidth=1.4)
        left.text(0.1, 1.45, "f", color=BLACK)
        density = torch.where(z > 0.4, torch.exp((0.4 - z) / s) / s, 0.0)
        left.fill_between(z, density, color=GREY, alpha=0.3)
        left.text(0.75, 0.3, r"$q$, $\mu = 0.4$", color=BLACK, fontsize=9)
        left.set(title="A cost with jumps, a density with an edge", xlabel="z", ylim=(0, 5.5))
        right.plot(loc, exact, color=BLACK, linewidth=1.4)
        right.text(0.15, 1.3, "exact", color=BLACK, fontsize=9)
        right.plot(loc, exact + f(loc) / s, color=SCORE, linestyle="--", linewidth=1.2)
        right.text(-0.15, 3.5, "plain score", color=SCORE, fontsize=9)
        right.axhline(0.4, color=PATH, linestyle="--", linewidth=1.2)
        right.text(1.5, 0.65, "plain path", color=PATH, fontsize=9)
        with yours(right, "two_repairs") as attempt:
            generator = torch.Generator().manual_seed(6)
            for place in torch.linspace(-0.1, 2.5, 9, dtype=torch.float64):
                eps = -torch.rand(4000, generator=generator, dtype=torch.float64).log()
                log_scale = torch.tensor(s, dtype=torch.float64).log()
                actual = attempt(two_repairs, f, places, heights, place, log_scale, eps)
                for rows, colour, shift in zip(actual, (SCORE, PATH), (-0.02, 0.02), strict=True):
                    mean, error = rows[:, 0].mean(), 2 * rows[:, 0].std() / len(eps) ** 0.5
                    right.errorbar(place + shift, mean, error, fmt="o", ms=4, color=colour)
        right.set(
            title="Slope of the mean cost",
            xlabel=r"edge $\mu$",
            ylabel="per unit of z",
            ylim=(-0.5, 12),
        )
    return figure


def collapse(
    log_dets: Sequence[float],
    own: Sequence[tuple[float, float]],
    frozen: Sequence[tuple[float, float]],
    fresh: Sequence[tuple[float, float]],
) -> Figure:
    """Left the construction over log det L, right two climbs: (frozen objective, exact ELBO) at each place."""
    figure, (left, right) = new_figure(columns=2, width=4.8, height=3.4)
    with style():
        for axis, places, rows, name in (
            (left, list(log_dets), own, ""),
            (right, list(range(len(frozen))), frozen, "3 frozen samples: "),
        ):
            axis.plot(places, [row[0] for row in rows], color=RED, label=f"{name}frozen objective")
            axis.plot(places, [row[1] for row in rows], color=BLUE, label=f"{name}exact ELBO")
            axis.axhline(0, color=BLACK, linestyle=":", linewidth=1, label="log evidence, 0")
        right.plot([row[1] for row in fresh], color=GREEN, label="3 fresh samples: exact ELBO")
        left.set(title="Your construction", xlabel="log det L", ylabel="nats", ylim=(-20, 6))
        right.set(title="Adam, without help", xlabel="step", ylim=(-20, 10))
        left.legend(fontsize=8, loc="lower left"), right.legend(fontsize=8, loc="lower right")
    return figure


def horse_kicks(trace: Sequence[tuple[float, float]] = ()) -> Figure:
    """Where concentration and rate should arrive, 123 and 201, and the exact posterior; with a trace, the way of a fit."""
    z = torch.linspace(0.4, 0.85, 200)
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.2)
    with style():
        for index, (name, exact, colour) in enumerate(
            (("concentration", 123, BLUE), ("rate", 201, GREEN))
        ):
            if trace:
                left.plot([pair[index] for pair in trace], color=colour, label=f"{name} of q")
            left.axhline(exact, color=colour, linestyle=":", label=f"exact {name}, {exact}")
        right.plot(
            z,
            Gamma(123.0, 201.0).log_prob(z).exp(),
            color=GREY,
            linewidth=5,
            alpha=0.5,
            label="exact posterior",
        )
        if trace:
            right.plot(
                z, Gamma(*torch.tensor(trace[-1])).log_prob(z).exp(), color=BLUE, label="your q"
            )
        left.set(title="Climbing", xlabel="step", ylabel="parameter of q", ylim=(0, 290))
        right.set(
            title="Deaths by horse kick", xlabel="rate z (per corps and year)", ylabel="density"
        )
        left.legend(fontsize=8, loc="upper left", ncols=2), right.legend(fontsize=8)
    return figure
