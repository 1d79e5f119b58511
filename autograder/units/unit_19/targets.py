"""Figures to aim for in problem set 19, and what they show: bins and rows, drawn and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.coding import BernoulliCode, DiscretizedNormalCode, Stack, UniformCode
from course_vi.coding.symbols import bin_medians
from course_vi.plots.style import BLACK, BLUE, GREY, RED, new_figure, style

__all__ = ["coded", "cost_of_width", "level"]

WIDTHS = (0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0)
DATA = (0.0, 3.0)


def _measured(
    x: float, widths: Sequence[float] = WIDTHS, draws: int = 50_000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """What bins cost at the posterior of the toy, by draws of z: means over draws, and their standard errors, one for each width."""
    from autograder.units.unit_19.binned_rate import (
        Place,
        log_likelihood,
        masses,
    )  # not beside a learner's code

    loc, scale = x / 2, 0.5**0.5
    z = loc + scale * np.random.default_rng(seed).normal(size=draws)
    means, errors = [], []
    for width in widths:
        place = Place(x, loc, scale, 1.0, 1.0, width)
        middle = width * np.round(z / width)
        log_q, log_p = (
            masses(m, s, middle - width / 2, middle + width / 2)
            for m, s in ((loc, scale), (0.0, 1.0))
        )
        paid = log_q - log_p - log_likelihood(place, middle)
        density = -0.5 * ((z - loc) / scale) ** 2 - np.log(scale) + 0.5 * z**2
        excess = paid - density + log_likelihood(place, z)
        means.append(excess.mean())
        errors.append(excess.std(ddof=1) / draws**0.5)
    return np.array(means), np.array(errors)


def cost_of_width(binned_rate: Callable[..., Any] | None = None) -> Figure:
    """The measured excess over the width, for two data; with a learner's ``binned_rate``, its two numbers as lines."""
    figure, axes = new_figure(columns=2, width=3.7, height=3.1)
    with style():
        fine = np.geomspace(0.1, 4.0, 40)
        for axis, x in zip(axes, DATA, strict=True):
            means, errors = _measured(x)
            axis.plot([0.08, 5], [0, 0], color=GREY, linewidth=0.8)
            axis.errorbar(WIDTHS, means, 2 * errors, fmt="o", color=BLUE, markersize=4, zorder=3)
            if binned_rate is not None:
                lines = np.array(
                    [[float(v) for v in binned_rate(x, x / 2, 0.5**0.5, 1.0, 1.0, h)] for h in fine]
                )
                axis.plot(fine, lines[:, 0], color=BLACK, label="exact")
                axis.plot(fine, lines[:, 1], color=RED, linestyle="--", label="second order")
                axis.legend(loc="best")
            axis.set_xscale("log")
            axis.set_yscale("symlog", linthresh=1e-3)
            axis.set(
                title=f"x = {x:.0f}",
                xlabel="width of the bins $h$",
                ylabel="excess, nats" if x == DATA[0] else "",
            )
            axis.set_xlim(0.08, 5)
    return figure


def coded(
    x: Tensor, loc: Tensor, scale: Tensor, weight: Tensor, bias: Tensor, bins: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Rows coded one by one on fresh coin flips by the course's stack: the bins that were popped ``(B, D)``, and net bits ``(B)``.

    The length is the logarithm of all that lies on the stack, so net bits are told to the coder's rounding: some thousandths of a bit.
    """
    chosen, grown = [], []
    for row, (bits, m, s) in enumerate(zip(x, loc, scale, strict=True)):
        stack = Stack.random(16, 1000 * seed + row)
        start = level(stack)
        index = stack.pop(DiscretizedNormalCode(m, s, bins))
        z = torch.as_tensor(bin_medians(index, bins))
        stack.push(bits.numpy().astype(np.int32), BernoulliCode((weight @ z + bias).sigmoid()))
        stack.push(index, UniformCode(bins, len(index)))
        chosen.append(torch.as_tensor(index.astype(np.int64)))
        grown.append(level(stack) - start)
    return torch.stack(chosen), torch.tensor(grown, dtype=torch.float64)


def level(stack: Stack) -> float:
    """The length in bits, and parts of one: the logarithm of the whole stack as one number."""
    words = stack.words().astype(float)
    top = words[-1] * 2.0**32 + words[-2] + words[-3] / 2.0**32
    return float(32 * (len(words) - 2) + np.log2(top))
