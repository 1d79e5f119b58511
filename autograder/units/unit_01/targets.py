"""Figures to aim for in problem set 01: the exact answer in grey dashes, and a learner's own numbers on top once there are some."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.models import (
    IsingModel,
    LinearMixedModel,
    TwoBernoullis,
    grid_neighbours,
)
from course_vi.plots.style import BLUE, GREEN, GREY, RED, new_figure, style

__all__ = [
    "COUPLINGS",
    "common_cause",
    "explaining_away",
    "felt",
    "grid_curve",
    "panel_profile",
    "partial_correlations",
]

COUPLINGS = (0.3, 0.6)  # below and above the one at which the infinite square grid magnetizes, 0.44

AIM: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1.6}
OUTCOMES = ((0, 0), (0, 1), (1, 0), (1, 1))


def explaining_away(
    talent: Tensor, effort: Tensor, passed: Tensor, exact: float, measured: float
) -> Figure:
    """Talent against effort for everybody, ``(n,)`` each, and for those who passed; the partial correlation given the exam in the title."""
    figure, (axis,) = new_figure(width=4.8, height=4.0)
    with style():
        axis.plot(talent, effort, ".", color=GREY, alpha=0.35, markersize=4, label="everybody")
        chosen = passed > 0.5
        axis.plot(
            talent[chosen], effort[chosen], ".", color=BLUE, alpha=0.6, markersize=4, label="passed"
        )
        axis.set(
            title=f"Correlation given the exam: {exact:.2f} exact, {measured:.3f} measured",
            xlabel="talent",
            ylabel="effort",
            xlim=(-3.5, 3.5),
            ylim=(-3.5, 3.5),
            aspect="equal",
        )
        axis.legend(fontsize=9, loc="lower left")
    return figure


def common_cause(
    intercepts: Tensor,
    slopes: Tensor,
    table: Tensor | None = None,
    samples: Tensor | None = None,
    strengths: Tensor | None = None,
    correlations: Sequence[float] = (),
) -> Figure:
    """Left the four probabilities, exact, yours and in your samples ``(n, 2)``; right the correlation when both slopes are ``strengths``.

    >>> len(common_cause(torch.zeros(2), torch.ones(2)).axes)
    2
    """
    states = torch.tensor(OUTCOMES, dtype=torch.float64)
    figure, (left, right) = new_figure(columns=2, width=4.6)
    with style(), torch.no_grad():
        left.bar(
            range(4),
            _two(intercepts, slopes).log_evidence(states).exp().tolist(),
            0.7,
            color="none",
            edgecolor=GREY,
            linestyle="--",
            label="the aim",
        )
        if table is not None:
            left.bar(
                range(4), table.flatten().tolist(), 0.45, color=BLUE, alpha=0.5, label="your table"
            )
        if samples is not None:
            share = torch.stack([(samples == state).all(-1).double().mean() for state in states])
            error = (share * (1 - share) / len(samples)).sqrt()
            left.errorbar(
                range(4),
                share,
                2 * error,
                fmt="o",
                color=RED,
                capsize=4,
                label="your samples, two errors",
            )
        left.set_xticks(range(4), [f"{a}, {b}" for a, b in OUTCOMES])
        left.set(
            title="One cause, two coins",
            xlabel="outcome $x_1$, $x_2$",
            ylabel="probability",
            ylim=(0, 0.52),
        )
        grid = torch.linspace(0, 8, 33, dtype=torch.float64)
        right.plot(
            grid, [_correlation(intercepts, b.expand(2)) for b in grid], **AIM, label="the aim"
        )
        if strengths is not None:
            right.plot(strengths, list(correlations), "o", color=BLUE, label="yours")
        right.set(
            title="A stronger cause, a closer tie",
            xlabel="both slopes b",
            ylabel="correlation of $x_1$ and $x_2$",
            ylim=(-0.02, 0.9),
        )
        for axis in (left, right):
            axis.legend(fontsize=8, loc="upper left")
    return figure


def _two(intercepts: Tensor, slopes: Tensor) -> TwoBernoullis:
    model = TwoBernoullis().double().requires_grad_(False)
    model.intercepts.copy_(intercepts), model.slopes.copy_(slopes)
    return model


def _correlation(intercepts: Tensor, slopes: Tensor) -> float:
    table = (
        _two(intercepts, slopes)
        .log_evidence(torch.tensor(OUTCOMES, dtype=torch.float64))
        .exp()
        .view(2, 2)
    )
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return float((table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt())


def panel_profile(
    y: Tensor,
    design: Tensor,
    groups: Tensor,
    beta: Tensor,
    sigma: float,
    taus: Tensor,
    best: tuple[float, float],
    yours: Sequence[float] = (),
) -> Figure:
    """The log-likelihood of a panel over the scale of its random intercepts; ``best`` is the (tau, log-likelihood) of another program."""
    rows = torch.cat([design, groups.unsqueeze(-1).to(y), y.unsqueeze(-1)], -1)
    levels = [int(groups.max()) + 1]
    exact = [
        LinearMixedModel(levels, beta, [float(tau)], sigma).double().log_evidence(rows).item()
        for tau in taus
    ]
    figure, (axis,) = new_figure(width=5.4, height=3.3)
    with style():
        axis.plot(taus, exact, **AIM, label="the aim")
        if len(yours):
            axis.plot(taus, list(yours), ".", color=BLUE, label="yours")
        axis.plot(*best, "*", color=RED, markersize=13, label=f"statsmodels: {best[1]:.4f}")
        axis.set(
            title="Grunfeld's firms: how different are they?",
            xlabel="scale tau of the random intercepts (million dollars)",
            ylabel="log p(y) (nats)",
            ylim=(max(exact) - 30, max(exact) + 5),
        )
        axis.legend(fontsize=9, loc="lower right")
    return figure


def grid_curve(couplings: Tensor, yours: Sequence[float] = ()) -> Figure:
    """Left log Z of the 3 x 3 grid without fields, right its slope over the 12 pairs: how well neighbours agree.

    >>> len(grid_curve(torch.linspace(-1, 1, 5)).axes)
    2
    """
    near = grid_neighbours(3, 3).double()
    models = [
        IsingModel(float(coupling) * near, torch.zeros(9, dtype=torch.float64))
        for coupling in couplings
    ]
    figure, (left, right) = new_figure(columns=2)
    with style(), torch.no_grad():
        states = models[0].states()
        agree = 0.5 * ((states @ near) * states).sum(-1) / 12
        left.plot(couplings, [model.log_partition() for model in models], **AIM, label="the aim")
        right.plot(
            couplings,
            [(model.log_prob(states).exp() * agree).sum() for model in models],
            **AIM,
            label="mean agreement, by enumeration",
        )
        if len(yours):
            z = torch.as_tensor(list(yours), dtype=torch.float64)
            left.plot(couplings, z, ".", color=BLUE, label="yours")
            middle = (couplings[1:] + couplings[:-1]) / 2
            right.plot(
                middle,
                z.diff() / couplings.diff() / 12,
                ".",
                color=GREEN,
                label="slope of your log Z, by differences",
            )
        left.set(title="log Z", xlabel="coupling J", ylabel="log Z (nats)")
        right.set(
            title="Its slope is a mean",
            xlabel="coupling J",
            ylabel="mean of s s' over neighbours",
            ylim=(-1.05, 1.05),
        )
        for axis in (left, right):
            axis.legend(fontsize=8, loc="upper left" if axis is right else "upper center")
    return figure


def felt(widths: Mapping[int, Sequence[Tensor]] | None = None) -> Figure:
    """E s over the distance from a row with field 3, for the two ``COUPLINGS``: the line of a chain, and strips of several widths.

    Args:
        widths: of each width the means along its first column, one tensor for each coupling.

    >>> len(felt().axes)
    2
    """
    figure, axes = new_figure(columns=2)
    distance = torch.arange(40.0)
    shades = dict(zip((1, 2, 4, 6), (GREY, BLUE, GREEN, RED), strict=True))
    with style():
        for place, (axis, coupling) in enumerate(zip(axes, COUPLINGS, strict=True)):
            chain = math.tanh(3.0) * math.tanh(coupling) ** distance
            axis.plot(distance, chain, **AIM)
            low = int((chain > 1e-5).sum())
            axis.text(low - 1.5, 1e-5, "chain", color=GREY, fontsize=9, ha="right")
            for width, means in (widths or {}).items():
                axis.plot(distance, means[place], ".", color=shades.get(width, BLUE))
                end = min(39, 12 + 4 * list(widths or {}).index(width))
                height = float(means[place][end])
                if width > 1 and height > 1e-6:
                    axis.text(
                        end + 0.6, height * 1.25, f"{width} wide", color=shades[width], fontsize=9
                    )
            axis.set(
                title=f"J = {coupling:g}",
                xlabel="distance from the row that is held up",
                ylabel="mean of a spin",
                yscale="log",
                ylim=(1e-6, 2.0),
            )
    return figure


def partial_correlations(
    parents: Mapping[str, Collection[str]], name: str, given: Collection[str], seed: int = 0
) -> dict[str, float]:
    """Exact partial correlations of a node with each unknown other one, in a linear Gaussian graph of coefficients drawn from the seed.

    >>> chain = {"a": (), "m": ("a",), "b": ("m",)}
    >>> abs(partial_correlations(chain, "a", {"m"})["b"]) < 1e-12, abs(partial_correlations(chain, "a", ())["b"]) > 0.1
    (True, True)
    """
    names, source = list(parents), torch.Generator().manual_seed(seed)
    size = 0.6 + 0.8 * torch.rand(len(names), len(names), generator=source, dtype=torch.float64)
    linked = torch.tensor([[float(above in parents[child]) for above in names] for child in names])
    inward = torch.linalg.inv(torch.eye(len(names), dtype=torch.float64) - size * linked)
    covariance = inward @ inward.T
    known = [names.index(node) for node in sorted(given)]
    found = {}
    for other in names:
        if other != name and other not in given:
            kept = [names.index(name), names.index(other), *known]
            precision = torch.linalg.inv(covariance[kept][:, kept])
            found[other] = float(-precision[0, 1] / (precision[0, 0] * precision[1, 1]).sqrt())
    return found
