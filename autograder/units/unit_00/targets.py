"""Figures to aim for in problem set 00: the answer in grey dashes, a learner's own on top of it once there is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.primitives import yours
from course_vi.plots.style import BLACK, BLUE, GREY, ORANGE, RED, new_figure, style

__all__ = ["ellipses", "shifted_weights", "z_growth"]

AIM: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1.4}


def shifted_weights(log_mean_exp: Callable[..., Any] | None = None) -> Figure:
    """log mean w of eight weights, all multiplied by e^c: a straight line in c. The naive formula leaves it where floats end.

    >>> len(shifted_weights().axes)
    1
    """
    log_w = torch.linspace(-2, 1, 8, dtype=torch.float64)
    shift = torch.linspace(-1500, 1500, 121, dtype=torch.float64)
    table = log_w.unsqueeze(-1) + shift
    figure, (axis,) = new_figure(width=5.2, height=3.3)
    with style():
        axis.plot(shift, torch.logsumexp(table, 0) - math.log(8), label="the aim", **AIM)
        naive = table.exp().mean(0).log()
        kept = naive.isfinite()
        axis.plot(
            shift[kept],
            naive[kept],
            color=ORANGE,
            linewidth=5,
            alpha=0.5,
            label="log(mean(exp)), where finite",
        )
        with yours(axis, "log_mean_exp") as attempt:
            axis.plot(shift, attempt(log_mean_exp, table), color=BLUE, label="yours")
        axis.set(
            title="Eight weights, all multiplied by exp(c)",
            xlabel="c",
            ylabel="log of their mean (nats)",
        )
        axis.legend(fontsize=8)
    return figure


def z_growth(z_score: Callable[..., Any] | None = None) -> Figure:
    """z over the number of replicates, for an unbiased estimate of E z^2 = 1 and for one whose mean is 0.9.

    >>> len(z_growth().axes)
    1
    """
    counts = torch.logspace(1, 5, 13).long().tolist()
    z = torch.randn(counts[-1], 10, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    estimates = {"mean of z²": (z**2).mean(-1), "variance, divided by 10": z.var(-1, correction=0)}
    one = torch.ones((), dtype=torch.float64)
    figure, (axis,) = new_figure(width=5.2, height=3.3)
    with style():
        for (name, samples), colour in zip(estimates.items(), (BLUE, RED), strict=True):
            exact = [_z(samples[:count], one) for count in counts]
            axis.plot(counts, exact, **AIM, label="the aim" if colour == BLUE else None)
            with yours(axis, "z_score") as attempt:
                own = [float(attempt(z_score, samples[:count], one)[2]) for count in counts]
                axis.plot(counts, own, "o-", color=colour, markersize=4, label=f"yours: {name}")
        axis.axhspan(-5, 5, color=GREY, alpha=0.12)
        axis.text(12, 3.4, "|z| < 5", color=GREY, fontsize=8)
        axis.set(
            title="One estimator is right, one is biased by a tenth",
            xlabel="number of replicates R",
            ylabel="z",
            xscale="log",
            ylim=(-40, 12),
        )
        axis.legend(fontsize=8, loc="lower left")
    return figure


def _z(samples: Tensor, exact: Tensor) -> float:
    return float((samples.mean() - exact) / (samples.std() / math.sqrt(len(samples))))


def ellipses(condition: Callable[..., Any] | None = None) -> Figure:
    """A joint Gaussian of (x, z) with correlation 0.8, cut at three x: the conditional means and two standard deviations around them.

    >>> len(ellipses().axes)
    1
    """
    mean = torch.tensor([1.0, 0.5], dtype=torch.float64)  # of z and of x
    covariance = torch.tensor([[1.0, 1.2], [1.2, 2.25]], dtype=torch.float64)
    x = torch.tensor([[-1.5], [0.5], [3.0]], dtype=torch.float64)
    turn = torch.linspace(0, 2 * math.pi, 200, dtype=torch.float64)
    outline = (
        mean + 2 * torch.stack([turn.cos(), turn.sin()], -1) @ torch.linalg.cholesky(covariance).T
    )
    gain = covariance[0, 1] / covariance[1, 1]
    figure, (axis,) = new_figure(width=5.2, height=3.6)
    with style():
        axis.plot(
            outline[:, 1],
            outline[:, 0],
            color=BLACK,
            linewidth=1.2,
            label="joint, 2 standard deviations",
        )
        axis.errorbar(
            x[:, 0],
            mean[0] + gain * (x[:, 0] - mean[1]),
            2 * (covariance[0, 0] - gain * covariance[0, 1]).sqrt(),
            fmt="s",
            color=GREY,
            capsize=8,
            markersize=9,
            alpha=0.7,
            label="the aim: z given x, ± 2",
        )
        with yours(axis, "condition") as attempt:
            m, c = attempt(condition, mean, covariance, x)
            axis.errorbar(
                x[:, 0] + 0.06,
                m[:, 0],
                2 * c[0, 0].sqrt(),
                fmt="o",
                color=BLUE,
                capsize=4,
                label="yours",
            )
        axis.set(
            title="A Gaussian, cut at three values of x", xlabel="x, observed", ylabel="z, latent"
        )
        axis.legend(fontsize=8, loc="upper left")
    return figure
