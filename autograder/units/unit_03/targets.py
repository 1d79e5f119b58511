"""Figures to aim for in problem set 03: the exact answer in grey dashes, a learner's own on top of it once there is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.distributions import kl_divergence

from course_vi.distributions import DiagonalNormal
from course_vi.exact import log_integral
from course_vi.families import MeanField
from course_vi.gradients import reparametrized
from course_vi.models import ConjugateToy
from course_vi.plots.primitives import yours
from course_vi.plots.style import BLACK, BLUE, GREEN, GREY, RED, new_figure, style

__all__ = ["bias_agreement", "gap_curve", "kl_curves", "theta_over_scale"]

WEIGHTS, MEANS, SCALES = (
    torch.tensor(numbers, dtype=torch.float64) for numbers in ([0.3, 0.7], [-2.5, 1.5], [0.6, 0.8])
)
AIM: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1.4}


def gap_curve(elbo_and_gap: Callable[..., Any] | None = None) -> Figure:
    """The ELBO of the toy below its evidence, over the scale s of q = N(0.5, s^2), at x = 2; the gap is shaded.

    >>> len(gap_curve().axes)
    1
    """
    s = torch.linspace(0.15, 2.0, 120, dtype=torch.float64).unsqueeze(-1)
    loc, x = torch.full_like(s, 0.5), torch.full_like(s, 2.0)
    toy = ConjugateToy()
    evidence, gap = (
        toy.log_evidence(x),
        kl_divergence(DiagonalNormal(loc, s.log()), toy.posterior(x)),
    )
    figure, (axis,) = new_figure(width=5.2, height=3.3)
    with style():
        axis.plot(s[:, 0], evidence, color=BLACK, label="log p(x)")
        axis.plot(s[:, 0], evidence - gap, label="ELBO, the aim", **AIM)
        axis.fill_between(s[:, 0], evidence - gap, evidence, color=GREY, alpha=0.15, label="gap")
        with yours(axis, "elbo_and_gap") as attempt:
            elbo, own_gap = attempt(elbo_and_gap, loc, s.log(), x)
            axis.plot(s[:, 0], elbo, color=BLUE, label="your ELBO")
            axis.plot(
                s[:, 0],
                elbo + own_gap,
                color=RED,
                linestyle=":",
                linewidth=3,
                label="your ELBO + your gap",
            )
        axis.set(
            title="q = N(0.5, s²) at x = 2", xlabel="scale s of q", ylabel="nats", ylim=(-5, -1.8)
        )
        axis.legend(fontsize=8, loc="lower left")
    return figure


def kl_curves(forward_and_reverse_kl: Callable[..., Any] | None = None) -> Figure:
    """Left the target 0.3 N(-2.5, 0.6^2) + 0.7 N(1.5, 0.8^2); right both KLs of q = N(m, 0.8^2) over its mean m.

    >>> len(kl_curves().axes)
    2
    """
    locs, scale = (
        torch.linspace(-4, 4, 41, dtype=torch.float64),
        torch.tensor(0.8, dtype=torch.float64),
    )
    z = torch.linspace(-5, 5, 401, dtype=torch.float64)
    exact = torch.stack([_both_kls(loc, scale) for loc in locs])
    figure, (left, right) = new_figure(columns=2)
    with style():
        left.fill_between(z, _log_target(z).exp(), color=BLUE, alpha=0.25)
        left.plot(z, _log_target(z).exp(), color=BLUE, label="target p")
        left.plot(
            z,
            DiagonalNormal(MEANS[1:], scale.log().view(1)).log_prob(z.unsqueeze(-1)).exp(),
            color=RED,
            label="q at m = 1.5",
        )
        left.set(title="A target with two modes", xlabel="z", ylabel="density (per unit of z)")
        left.legend(fontsize=8, loc="upper left")
        right.plot(locs, exact[:, 0], label="the aim: forward, KL(p || q)", **AIM)
        right.plot(
            locs, exact[:, 1], label="the aim: reverse, KL(q || p)", **{**AIM, "linestyle": "-."}
        )
        with yours(right, "forward_and_reverse_kl") as attempt:
            own = [
                attempt(forward_and_reverse_kl, loc, scale, WEIGHTS, MEANS, SCALES) for loc in locs
            ]
            for index, (name, colour) in enumerate((("forward", GREEN), ("reverse", RED))):
                right.plot(
                    locs,
                    [float(pair[index]) for pair in own],
                    ".",
                    color=colour,
                    label=f"yours: {name}",
                )
        right.set(
            title="Both KLs, as q = N(m, 0.8²) slides",
            xlabel="mean m of q",
            ylabel="nats",
            ylim=(0, 22),
        )
        right.legend(fontsize=8, loc="upper center")
    return figure


def bias_agreement(
    naive_elbo: Callable[..., Any] | None = None,
    naive_bias: Callable[..., Any] | None = None,
    replicates: int = 300,
) -> Figure:
    """A learner's prediction as a line, the measured bias of their own estimator as points with two standard errors.

    The measurement knows no formula: it is the mean of naive minus reparametrized gradients, at the same noise.

    >>> len(bias_agreement().axes)
    2
    """
    grids = (
        torch.linspace(-1, 3, 9, dtype=torch.float64),
        torch.linspace(-1.2, 0.4, 9, dtype=torch.float64),
    )
    fixed = torch.zeros(9, dtype=torch.float64), torch.full((9,), -0.5, dtype=torch.float64)
    settings = ((grids[0], fixed[1]), (fixed[0], grids[1]))
    figure, axes = new_figure(columns=2)
    with style():
        for index, (axis, name) in enumerate(zip(axes, ("loc", "log_scale"), strict=True)):
            loc, log_scale = (value.unsqueeze(-1) for value in settings[index])
            with yours(axis, "naive_bias") as attempt:
                predicted = attempt(naive_bias, loc, log_scale, torch.full_like(loc, 2.0))[index]
                axis.plot(grids[index], predicted[:, 0], color=BLUE, label="you predicted")
            with yours(axis, "naive_elbo") as attempt:
                points = [
                    _measure(attempt, naive_elbo, m, r, index, replicates)
                    for m, r in zip(loc, log_scale, strict=True)
                ]
                mean, error = (torch.tensor(column) for column in zip(*points, strict=True))
                axis.errorbar(
                    grids[index],
                    mean,
                    2 * error,
                    fmt="o",
                    color=RED,
                    capsize=3,
                    label="you measured",
                )
            axis.axhline(0, color=GREY, linewidth=0.8, label="zero")
            axis.set(
                title=f"Bias of the naive gradient for {name}",
                xlabel=f"{name} of q",
                ylabel="bias (nats per unit)",
            )
            axis.legend(fontsize=8)
    return figure


def theta_over_scale(learned_theta: Callable[..., Any] | None = None, steps: int = 500) -> Figure:
    """What 100 data drawn at theta = 2 teach, over the scale at which q is held: measured by climbs, and a learner's prediction.

    A climb knows no formula: Adam on sampled bounds, a mean for each datum, one theta. Points are means over five seeds of the noise, with
    two standard errors.

    >>> len(theta_over_scale(steps=3).axes)
    1
    """
    generator = torch.Generator().manual_seed(8)
    x = 5**0.5 * torch.randn(100, generator=generator, dtype=torch.float64)
    x = x * (5 / (x**2).mean()).sqrt()  # so that maximum likelihood says 2
    scales = torch.tensor([0.2, 0.3, 0.45, 0.7, 1.0, 1.4, 1.8, 2.6], dtype=torch.float64)
    ends = _climbs(x, scales, 5, steps, generator)
    figure, (axis,) = new_figure(width=5.6, height=3.5)
    with style():
        axis.axhline(2, color=BLACK, linewidth=1)
        axis.text(2.7, 2.04, "maximum likelihood", ha="right", va="bottom", fontsize=8)
        axis.errorbar(
            scales, ends.mean(-1), 2 * ends.std(-1) / 5**0.5, fmt="o", color=RED, capsize=3
        )
        axis.text(0.27, 3.15, "measured by climbs", color=RED, fontsize=8)
        with yours(axis, "learned_theta") as attempt:
            s = torch.linspace(0.18, 2.7, 200, dtype=torch.float64)
            theta, bias = attempt(learned_theta, x.expand(200, 100), s, torch.ones_like(s))
            axis.plot(s, theta, color=BLUE)
            axis.plot(s, torch.as_tensor(theta) - torch.as_tensor(bias), color=BLUE, linestyle=":")
            axis.text(0.62, 1.75, "you predicted", color=BLUE, fontsize=8)
        axis.set(
            title="What the bound learns depends on how wide q is held",
            xlabel="scale s of q",
            ylabel=r"$\theta$",
            xlim=(0, 2.8),
            ylim=(-0.15, 3.6),
        )
    return figure


def _climbs(
    x: Tensor, scales: Tensor, seeds: int, steps: int, generator: torch.Generator
) -> Tensor:
    """Where theta ends, ``(S, seeds)``, if it and a mean for each datum climb the sampled bound together, the scale of q held."""
    s = scales.view(-1, 1, 1)
    means = torch.zeros(len(scales), seeds, len(x), dtype=x.dtype, requires_grad=True)
    theta = torch.ones(len(scales), seeds, 1, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.Adam([means, theta], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        eps = torch.randn(means.shape, generator=generator, dtype=x.dtype)
        z = means + s * eps
        bound = -0.5 * (x - theta * z) ** 2 - 0.5 * z**2  # and the entropy, which stands still
        optimizer.zero_grad()
        (-bound.sum()).backward()
        optimizer.step()
        schedule.step()
    return theta.detach().squeeze(-1).abs()


def _log_target(z: Tensor) -> Tensor:
    parts = (
        WEIGHTS.log()
        - 0.5 * ((z.unsqueeze(-1) - MEANS) / SCALES) ** 2
        - SCALES.log()
        - 0.5 * math.log(2 * math.pi)
    )
    return torch.logsumexp(parts, -1)


def _both_kls(loc: Tensor, scale: Tensor) -> Tensor:
    """Each divergence as the integral of f = a (log a - log b) + (b - a), which is never negative, so that its logarithm exists."""

    def log_q(z: Tensor) -> Tensor:
        return DiagonalNormal(loc.view(1), scale.log().view(1)).log_prob(z)

    def integral(log_a: Callable[[Tensor], Tensor], log_b: Callable[[Tensor], Tensor]) -> Tensor:
        def log_f(z: Tensor) -> Tensor:
            a, b = log_a(z), log_b(z)
            return (a.exp() * (a - b) + b.exp() - a.exp()).clamp_min(1e-300).log()

        return log_integral(log_f).exp()

    def log_p(z: Tensor) -> Tensor:
        return _log_target(z.squeeze(-1))

    return torch.stack([integral(log_p, log_q), integral(log_q, log_p)])


def _measure(
    attempt: Callable[..., Any],
    naive_elbo: Callable[..., Any] | None,
    loc: Tensor,
    log_scale: Tensor,
    index: int,
    replicates: int,
) -> tuple[float, float]:
    """Mean and standard error of the bias at one place, from replicates side by side on the batch axis."""
    generator = torch.Generator().manual_seed(index)
    x = torch.full((replicates, 1), 2.0, dtype=torch.float64)
    q, toy = (
        MeanField(1, loc.expand(replicates, 1), log_scale.expand(replicates, 1)),
        ConjugateToy(),
    )
    eps = torch.randn(4, replicates, 1, generator=generator, dtype=torch.float64)
    values = (
        attempt(naive_elbo, toy, q, x, eps),
        reparametrized(toy, q, x, noise=eps, num_samples=4),
    )
    naive, right = (
        torch.autograd.grad(value.sum(), [q.loc, q.log_scale])[index] for value in values
    )
    return (naive - right).mean().item(), ((naive - right).std() / math.sqrt(replicates)).item()
