"""Figures to aim for in problem set 10: the exact answer first, what a learner computed on top of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from course_vi.plots.style import BLACK, BLUE, GREEN, GREY, RED, new_figure, style

__all__ = ["curve", "missed", "signal", "table_of_noise", "whole_bound"]

Answer = Callable[..., Any] | None
SAMPLES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def _tensors(*numbers: Any) -> list[torch.Tensor]:
    return [torch.as_tensor(number, dtype=torch.float64) for number in numbers]


def missed(answer: Answer = None) -> Figure:
    """The Renyi bound over alpha, and its mean at 16 samples to leading order; x = 2, prior mean 0.5, q = N(1.6, 0.5).

    Args:
        answer: the learner's ``predicted_renyi``, whose numbers are the dots.
    """
    from autograder.units.unit_10.renyi_bias import Given, table

    place, count = np.array([2.0, 0.5, 1.6, 0.5 * np.log(0.5)]), 16
    alphas = np.concatenate([np.linspace(-1.5, 0.9, 49), np.linspace(1.1, 3.0, 39)])
    x, mu, loc, log_s = place
    rows = np.stack([table(Given(x, mu, loc, log_s, float(a), count)) for a in alphas], 1)
    rows[:, 49] = np.nan
    figure, (axis,) = new_figure(width=5.8, height=3.6)
    with style():
        axis.axhline(-(1.5**2) / 4 - np.log(4 * np.pi) / 2, color=GREY, linewidth=1.0)
        axis.plot(alphas, rows[0], color=BLACK, linewidth=1.6)
        axis.plot(alphas, rows[0] + rows[1], color=RED, linewidth=1.4)
        axis.annotate("log evidence", (1.9, -1.815), color=GREY)
        axis.annotate("the bound itself", (-0.9, -1.68), color=BLACK)
        axis.annotate("its mean at K = 16", (1.95, -2.02), color=RED)
        if answer is not None:
            for alpha in (-1.0, 0.0, 0.5, 2.0, 3.0):
                got = answer(*_tensors(*place), alpha, count)
                axis.plot([alpha], [float(got[0])], "o", color=BLUE)
                axis.plot([alpha], [float(got[0]) + float(got[1])], "o", color=BLUE)
        axis.set(
            title="K samples miss something on either side of one", xlabel="alpha", ylabel="nats"
        )
    return figure


def curve(answer: Answer = None) -> Figure:
    """The mean of log w along the path, its integral shaded; x = 2, q = N(0.2, 0.6^2).

    Args:
        answer: the learner's ``thermodynamic_curve``: dots, and tangents with its slopes.
    """
    from autograder.units.unit_10.thermodynamic_curve import Given, path

    betas = np.linspace(0.0, 1.0, 201)
    place = [np.array([value]) for value in (2.0, 0.2, np.log(0.6))]
    x, loc, log_s = place
    exact = path(Given(x, loc, log_s, betas)).curve.sum(-1)
    figure, (axis,) = new_figure(width=5.8, height=3.6)
    with style():
        axis.plot(betas, exact, color=BLACK, linewidth=1.6)
        axis.fill_between(betas, exact, exact.min() - 0.3, color=GREY, alpha=0.15, linewidth=0)
        axis.axhline(-1 - np.log(4 * np.pi) / 2, color=GREEN, linewidth=1.2)
        axis.annotate("log evidence", (0.02, -2.2), color=GREEN)
        if answer is not None:
            some = np.linspace(0.0, 1.0, 6)
            rows = answer(*_tensors(*place), torch.tensor(some))
            for beta, height, slope in zip(some, rows[0], rows[1], strict=True):
                near = np.array([-0.04, 0.04])
                axis.plot(beta + near, float(height) + near * float(slope), color=BLUE)
                axis.plot([beta], [float(height)], "o", color=BLUE)
        axis.set(
            title="The area under the curve is the log evidence",
            xlabel="beta",
            ylabel="mean of log w, nats",
            ylim=(exact.min() - 0.3, exact.max() + 0.3),
        )
    return figure


def table_of_noise(points: int = 60) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(chance, w, slopes) on the toy with a prior mean, at x = 2, q = N(0.3, e^0.2), prior mean 0: slopes in loc, log scale, prior mean."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    m, log_s, x = 0.3, 0.1, 2.0
    s = np.exp(log_s)
    z = m + s * nodes
    log_w = -(z**2) / 2 - (x - z) ** 2 / 2 - np.log(2 * np.pi) / 2 + nodes**2 / 2 + log_s
    path = x - 2 * z
    w = np.exp(log_w)
    slopes = w[:, None] * np.stack([path, path * s * nodes + 1, z], -1)
    chance, w_, slopes_ = _tensors(weights / weights.sum(), w, slopes)
    return chance, w_, slopes_


def signal(answer: Answer = None) -> Figure:
    """Signal over noise of three gradients over K, to leading order.

    Args:
        answer: the learner's ``signal_and_noise``, whose ratios are the dots.
    """
    from autograder.units.unit_10.signal_to_noise import Given, deviation, mean

    chance, w, slopes = (part.numpy() for part in table_of_noise())
    figure, (axis,) = new_figure(width=5.8, height=3.6)
    lines = {"mean of q": RED, "log scale of q": GREEN, "prior mean": BLACK}
    with style():
        for place, (name, colour) in enumerate(lines.items()):
            each = [Given(chance, w, slopes, count) for count in SAMPLES]
            ratio = [abs(mean(g)[place]) / deviation(g)[place] for g in each]
            axis.loglog(SAMPLES, ratio, color=colour, linewidth=1.6)
            axis.annotate(name, (SAMPLES[3], 2 * ratio[3]), color=colour)
            if answer is not None:
                for count in SAMPLES[4::2]:
                    middle, spread = answer(*table_of_noise(), count)
                    got = abs(float(middle[place])) / float(spread[place])
                    axis.plot([count], [got], "o", color=BLUE)
        axis.set(
            title="More samples: q's signal drowns, the model's grows",
            xlabel="K",
            ylabel="signal over noise",
        )
    return figure


def whole_bound(log_w: torch.Tensor, score: torch.Tensor) -> torch.Tensor:
    """The gradient estimate that credits every sample with the whole bound, ``(*B, P)``; ``log_w: (K, *B)``, ``score: (K, *B, P)``."""
    bound = torch.logsumexp(log_w, 0) - np.log(len(log_w))
    return ((bound - log_w.softmax(0)).unsqueeze(-1) * score).sum(0)
