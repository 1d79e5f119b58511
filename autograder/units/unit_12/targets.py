"""Figures to aim for in problem set 12, and the runs that they show: stochastic learning on the fan, measured."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.style import BLACK, BLUE, GREY, RED, new_figure, style

__all__ = ["Track", "slide", "sliding"]

COLOURS = {"wake-sleep": RED, "ELBO": BLUE, "wake at means": GREY}


class Track(NamedTuple):
    """One way of learning, watched in R runs.

    Attributes:
        name: ``"wake-sleep"``, ``"ELBO"`` or ``"wake at means"``.
        steps: ``(T)``.
        u: the variance that the model gives to x, ``(T, R)``.
        v: the mean variance of a latent under q, ``(T, R)``.
    """

    name: str
    steps: np.ndarray
    u: np.ndarray
    v: np.ndarray

    def rest(self) -> tuple[float, float, float]:
        """u at the end, averaged over the last quarter and over runs; its standard error over runs; and how it moved in that quarter.

        The third is the mean difference between the two halves of the quarter, in standard errors over runs.
        """
        quarter = self.u[-(len(self.u) // 4) :]
        runs = quarter.mean(0)
        half = len(quarter) // 2
        moved = quarter[half:].mean(0) - quarter[:half].mean(0)
        return float(runs.mean()), _error(runs), float(moved.mean() / _error(moved))


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / len(values) ** 0.5)


def slide(
    name: str, lam: float = 4.0, dim: int = 2, steps: int = 2000, runs: int = 20, seed: int = 0
) -> Track:
    """Stochastic learning of theta and of q(z | x) = N(a x, s^2), 100 fresh data a step; gradients of samples, and nothing in closed form.

    Args:
        name: which of ``COLOURS``.
        lam: the variance of the data.
    """
    if name not in COLOURS:
        raise ValueError(f"name is {name!r}; expected one of {sorted(COLOURS)}")
    rng = np.random.default_rng([seed, sorted(COLOURS).index(name)])
    theta, a, log_s = (
        np.full((runs, 1), 0.5),
        np.full((runs, 1, dim), 0.3),
        np.zeros((runs, 1, dim)),
    )
    seen = []
    for step in range(steps):
        rate, s = 0.03 / (1 + step / 400), np.exp(log_s)
        x = rng.normal(size=(runs, 100)) * lam**0.5
        eps = rng.normal(size=(runs, 100, dim))
        z = a * x[..., None] + (0.0 if name == "wake at means" else 1.0) * s * eps
        total = z.sum(-1)
        rest = x - theta * total
        if name == "ELBO":
            slope = (theta * rest)[..., None] - z
            move_a = (slope * x[..., None]).mean(1, keepdims=True) / lam
            move_s = (slope * s * eps).mean(1, keepdims=True) + 1
        else:  # asleep: dreams, whose latents are known
            dreamt = rng.normal(size=z.shape)
            seen_asleep = theta * dreamt.sum(-1) + rng.normal(size=x.shape)
            off = dreamt - a * seen_asleep[..., None]
            size = 1 + dim * theta[..., None] ** 2
            move_a = (off * seen_asleep[..., None] / size).mean(1, keepdims=True)
            move_s = (off**2 / s**2).mean(1, keepdims=True) - 1
        theta = theta + rate * (rest * total).mean(1, keepdims=True)
        a, log_s = a + rate * move_a, log_s + rate * move_s
        if step % 10 == 9:
            u = 1 + dim * theta[:, 0] ** 2
            seen.append((u, np.exp(2 * log_s).mean((1, 2))))
    return Track(
        name,
        np.arange(10, steps + 1, 10)[: len(seen)],
        np.stack([u for u, _ in seen]),
        np.stack([v for _, v in seen]),
    )


def sliding(tracks: list[Track], lam: float = 4.0, table: Tensor | None = None) -> Figure:
    """u over the steps of stochastic learning, every run a line; with a learner's table, its places of rest as well.

    Args:
        tracks: of ``slide``.
        table: ``(2, 3)``, the answer of ``fan_at_rest``.
    """
    figure, (axis,) = new_figure(width=6.0, height=3.6)
    with style():
        last = float(tracks[0].steps[-1])
        for track in tracks:
            colour = COLOURS[track.name]
            axis.plot(track.steps, track.u, color=colour, linewidth=0.5, alpha=0.35)
            axis.plot(track.steps, track.u.mean(1), color=colour, linewidth=1.8)
            inside = track.u.mean(1) < 1.7 * lam
            place = 1.1 * track.steps[inside][-1], track.u.mean(1)[inside][-1]
            axis.annotate(track.name, place, color=colour, va="center")
        axis.plot([10, last], [lam, lam], color=BLACK, linewidth=1)
        axis.annotate("variance of the data", (11, lam * 1.02), va="bottom")
        for row in [] if table is None else table.tolist():
            axis.plot([10, last], [row[0], row[0]], color=BLACK, linewidth=1, linestyle="--")
        axis.set(
            title="None of them learns the variance of the data",
            xlabel="steps",
            ylabel="variance of x under the model",
            xscale="log",
            xlim=(10, 4 * last),
            ylim=(1, 1.8 * lam),
        )
    return figure
