"""A ship on a plane: the model, the same series as one dense Gaussian, and the picture of its track."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from torch import Tensor
from torch.distributions import MultivariateNormal

from course_vi.models import LinearGaussianSSM
from course_vi.plots.style import BLACK, BLUE, GREY, ORANGE, new_figure, style

__all__ = ["dense_series", "track", "tracker"]

AIM: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1.6}


def tracker(steps: int = 40) -> LinearGaussianSSM:
    """A ship on a plane: position and velocity, seen only through noisy positions."""
    two, zeros = torch.eye(2, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    move = torch.tensor([[1.0, 1.0], [0.0, 1.0]], dtype=torch.float64)  # position gains velocity
    kick = torch.tensor(
        [[1 / 3, 1 / 2], [1 / 2, 1.0]], dtype=torch.float64
    )  # a random acceleration, integrated over one step
    see, spread = (
        torch.tensor([[1.0, 0.0]], dtype=torch.float64),
        torch.tensor([1.0, 0.1, 1.0, 0.1], dtype=torch.float64),
    )
    return LinearGaussianSSM(
        torch.kron(two, move),
        torch.kron(two, see),
        0.01 * torch.kron(two, kick),
        0.6 * two,
        zeros,
        spread.diag(),
        steps,
    )


def dense_series(model: LinearGaussianSSM) -> MultivariateNormal:
    """The whole series x as one Gaussian, ``(T * p,)``: built from the linear map that makes it out of all the noise, without a filter.

    >>> walk = tracker(steps=3)
    >>> x = torch.ones(6, dtype=torch.float64)
    >>> torch.allclose(dense_series(walk).log_prob(x), walk.log_evidence(x))
    True
    """
    d, steps = model.d, model.steps
    with torch.no_grad():
        noise, loc = model.initial_root.new_zeros(d, steps * d), model.initial_loc.clone()
        rows, means = [], []
        for t in range(steps):
            noise, loc = (model.transition @ noise, model.transition @ loc) if t else (noise, loc)
            noise = noise.clone()
            noise[:, t * d : (t + 1) * d] += model.transition_root if t else model.initial_root
            rows.append(model.emission @ noise)
            means.append(model.emission @ loc)
        mixing, root = torch.cat(rows), model.emission_root
        identity = torch.eye(steps, dtype=root.dtype, device=root.device)
        return MultivariateNormal(
            torch.cat(means), mixing @ mixing.mT + torch.kron(identity, root @ root.mT)
        )


def track(
    model: LinearGaussianSSM,
    x: Tensor,
    z: Tensor,
    yours: Sequence[tuple[Tensor, Tensor]] = (),
    name: str = "the aim: the filter",
) -> Figure:
    """Left the ship, its sightings and the filter with an ellipse at every fifth step; right the errors of sightings and of filter.

    Args:
        x, z: one series and its states, flat, as the model draws them.
        yours: mean and covariance after every step.
        name: what the dashed line is called.
    """
    seen, states = x.view(model.steps, 2), z.view(model.steps, 4)[:, ::2]
    with torch.no_grad():
        found = model.filter(x)
    figure, (left, right) = new_figure(columns=2, width=4.8, height=3.6)
    with style():
        left.plot(*states.T, color=BLACK, linewidth=1.2, label="the ship")
        left.plot(*seen.T, "x", color=ORANGE, markersize=5, label="sightings")
        left.plot(*found.loc[:, ::2].T, **AIM, label=name)
        right.plot((seen - states).norm(dim=-1), "x", color=ORANGE, markersize=5, label="sightings")
        right.plot((found.loc[:, ::2] - states).norm(dim=-1), **AIM, label=name)
        if len(yours):
            means = torch.stack([mean for mean, _ in yours]).detach()[:, ::2]
            left.plot(*means.T, ".", color=BLUE, markersize=5, label="yours")
            right.plot((means - states).norm(dim=-1), ".", color=BLUE, markersize=5, label="yours")
        for t in range(0, model.steps, 5):
            mean, cov = yours[t] if len(yours) else (found.loc[t], found.covariance[t])
            left.add_patch(
                _ellipse(mean.detach()[::2], cov.detach()[::2, ::2], BLUE if len(yours) else GREY)
            )
        left.set(
            title="Where is the ship? (two standard deviations)",
            xlabel="east (km)",
            ylabel="north (km)",
            aspect="equal",
        )
        right.set(title="Distance from the truth", xlabel="step", ylabel="distance (km)")
        left.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        right.legend(fontsize=8)
    return figure


def _ellipse(mean: Tensor, cov: Tensor, colour: str) -> Ellipse:
    values, vectors = torch.linalg.eigh(cov)
    angle = math.degrees(math.atan2(float(vectors[1, 1]), float(vectors[0, 1])))
    width, height = (4 * float(value) ** 0.5 for value in values.flip(0))
    return Ellipse(
        (float(mean[0]), float(mean[1])),
        width,
        height,
        angle=angle,
        fill=False,
        edgecolor=colour,
        linewidth=1,
    )
