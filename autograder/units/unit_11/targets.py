"""Figures to aim for in problem set 11: the exact answer in grey dashes, a learner's own on top of it once there is one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_vi.data import digits
from course_vi.diagnostics import amortization_gap, approximation_gap, best_per_datum
from course_vi.families import Amortized, MeanField
from course_vi.models import ConjugateToy, ProbabilisticPCA
from course_vi.plots.primitives import yours
from course_vi.plots.style import BLACK, BLUE, GREY, ORANGE, RED, new_figure, style

__all__ = ["flow_shapes", "gap_agreement", "learned_bayes", "race", "warm_start"]

AIM: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1.4}


def learned_bayes(train_recognizer: Callable[..., Any] | None = None) -> Figure:
    """A learner's trained network beside x/2, and its bound beside the mean log evidence.

    >>> len(learned_bayes().axes)
    2
    """
    toy = ConjugateToy()
    x = math.sqrt(2) * torch.randn(
        64, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    grid = torch.linspace(-4, 4, 81, dtype=torch.float64).unsqueeze(-1)
    encoder = nn.Linear(1, 2, dtype=torch.float64)
    with torch.no_grad():
        (
            encoder.weight.copy_(torch.tensor([[0.1], [0.0]])),
            encoder.bias.copy_(torch.tensor([0.3, 0.2])),
        )
    figure, (left, right) = new_figure(columns=2)
    with style():
        left.plot(grid, grid / 2, label="x/2, and two standard deviations", **AIM)
        for side in (-1, 1):
            left.plot(
                grid, grid / 2 + side * math.sqrt(2), color=GREY, linestyle=":", linewidth=1.2
            )
        left.plot(
            x, torch.full_like(x, -3.9), "|", color=BLACK, markersize=6, label="training data"
        )
        right.axhline(toy.log_evidence(x).mean().item(), label="mean log p(x)", **AIM)
        with yours(right, "train_recognizer") as attempt:
            bounds = attempt(train_recognizer, toy, encoder, x, 0)
            right.plot(bounds, color=BLUE, label="your mean ELBO")
            loc, log_scale = encoder(grid).detach().split(1, -1)
            left.plot(grid, loc, color=BLUE, label="your network")
            left.fill_between(
                grid[:, 0],
                (loc - 2 * log_scale.exp())[:, 0],
                (loc + 2 * log_scale.exp())[:, 0],
                color=BLUE,
                alpha=0.15,
            )
        left.set(title="What the network says", xlabel="x", ylabel="z", ylim=(-4.2, 4.2))
        right.set(title="What it climbed", xlabel="step", ylabel="nats")
        left.legend(fontsize=7, loc="upper left")
        right.legend(fontsize=8, loc="lower right")
    return figure


def race(equal_cost: Callable[..., Any] | None = None, runs: int = 30) -> Figure:
    """Mean gap over evaluations on the toy, for 10 and for 200 data: a table and an encoder, measured; and a learner's prediction.

    The encoder sees batches of 40. Its points are means over runs, with two standard errors; a table has no noise here.

    >>> len(race(runs=3).axes)
    2
    """
    batch, rate, generator = 40, 0.05, torch.Generator().manual_seed(4)
    figure, axes = new_figure(columns=2, height=3.4)
    with style():
        for axis, count in zip(axes, (10, 200), strict=True):
            x = torch.randn(count, generator=generator, dtype=torch.float64)
            x = x * (2 / (x**2).mean()).sqrt()
            table, encoder = _race(x, 1200, batch, rate, runs, generator)
            axis.plot(*table, "s", color=ORANGE, markersize=4)
            spent, gaps = encoder
            error = 2 * gaps.std(-1) / runs**0.5
            axis.errorbar(spent, gaps.mean(-1), error, fmt="o", color=RED, markersize=4, capsize=2)
            with yours(axis, "equal_cost") as attempt:
                budgets = range(200, 1201, 200)
                lines = [attempt(equal_cost, x, budget, batch, rate) for budget in budgets]
                for index, label in ((0, "your predictions"), (1, None)):
                    gaps_said = [float(line[index]) for line in lines]
                    axis.plot(budgets, gaps_said, color=BLUE, label=label)
            if axis.get_legend_handles_labels()[1]:
                axis.legend(fontsize=8, loc="lower left")
            axis.set(
                title=f"{count} data: the {'table' if count < 40 else 'encoder'} is ahead",
                xlabel="evaluations",
                ylabel="mean gap (nats)",
                yscale="log",
                ylim=(1e-7, 3),
            )
            axis.text(
                0.97,
                0.95,
                "points: measured",
                transform=axis.transAxes,
                ha="right",
                va="top",
                fontsize=8,
            )
            for (cost, gap), name, colour in (
                (table, "table", ORANGE),
                ((spent, gaps.mean(-1)), "encoder", RED),
            ):
                near = int((torch.as_tensor(cost) > 350).int().argmax())
                axis.text(float(cost[near]), 2.5 * float(gap[near]), name, color=colour, fontsize=9)
    return figure


def _race(
    x: Tensor, budget: int, batch: int, rate: float, runs: int, generator: torch.Generator
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """(evaluations, mean gap) of a table, ``(S,)`` both, and of an encoder in several runs, ``(S, runs)`` the gaps."""
    rows, tables = torch.zeros_like(x), []
    for step in range(1, budget // len(x) + 1):
        rows = rows + rate * (x - 2 * rows)
        tables.append((step * len(x), ((rows - x / 2) ** 2).mean().item()))
    weight, encoders = torch.zeros(runs, dtype=x.dtype), []
    for _ in range(budget // batch):
        seen = x[torch.randint(len(x), (runs, batch), generator=generator)]
        weight = weight + rate * (seen * (seen - 2 * weight.unsqueeze(-1) * seen)).mean(-1)
        encoders.append((weight - 0.5) ** 2 * (x**2).mean())
    every = max(1, len(tables) // 10)
    spent = batch * torch.arange(1, len(encoders) + 1)
    cost, gap = (torch.tensor(column) for column in zip(*tables[every - 1 :: every], strict=True))
    return (cost, gap), (spent[2::3], torch.stack(encoders)[2::3])


def warm_start(climb: Callable[..., Any] | None = None) -> Figure:
    """The mean gap on the toy over steps of a learner's ascent, from a standard normal and from an encoder that is off.

    >>> len(warm_start().axes)
    1
    """
    toy = ConjugateToy()
    x = math.sqrt(2) * torch.randn(
        32, 1, generator=torch.Generator().manual_seed(2), dtype=torch.float64
    )
    zeros, counts, rate = torch.zeros_like(x), list(range(0, 21)), 0.08
    starts = {
        "a standard normal": (zeros, zeros),
        "an encoder's answer": (0.42 * x + 0.1, zeros - 0.15),
    }

    def elbo(m: Tensor, r: Tensor) -> Tensor:
        return toy.log_evidence(x) - _gap((m, r), x)

    figure, (axis,) = new_figure(width=5.4, height=3.3)
    with style():
        for (name, start), colour in zip(starts.items(), (RED, BLUE), strict=True):
            axis.plot(
                counts,
                [_gap(_ascend(x, start, count, rate), x).mean() for count in counts],
                **AIM,
                label="the aim" if colour == RED else None,
            )
            with yours(axis, "climb") as attempt:
                gaps = [
                    _gap(attempt(climb, elbo, *start, count, rate), x).mean() for count in counts
                ]
                axis.plot(
                    counts, gaps, "o-", color=colour, markersize=4, label=f"yours, from {name}"
                )
        axis.set(
            title="Steps of ascent from two starts",
            xlabel="steps per datum",
            ylabel="mean gap to log p(x) (nats)",
            yscale="log",
        )
        axis.legend(fontsize=8)
    return figure


def gap_agreement(
    gaps: Callable[..., Any] | None = None, angles: int = 5, data: int = 6, steps: int = 600
) -> Figure:
    """Both gaps on eight principal components of the digits, the first and last turned in their plane: predicted and measured.

    The measurement knows no formula: it climbs each datum's ELBO with stochastic gradients, and samples.

    >>> len(gap_agreement(angles=1, data=1, steps=20).axes)
    1
    """
    images = digits(binary=False, dtype=torch.float64)
    pca = ProbabilisticPCA.maximum_likelihood(images.train, 8)
    x, loc, noise = images.test[:data], pca.loc.detach(), pca.log_noise_scale.exp().item()
    turns, rows = torch.linspace(0, math.pi / 2, angles, dtype=torch.float64), []
    predicted: list[list[float]] = [[], []]
    figure, (axis,) = new_figure(width=5.6, height=3.5)
    with style():
        with yours(axis, "gaps") as attempt:
            for turn in turns:
                p, q, said = _rotated(pca.loadings.detach(), loc, noise, float(turn), x)
                rows.append(_measured_gaps(p, q, x, steps))
            for angle in torch.linspace(0, math.pi / 2, 31, dtype=torch.float64):
                p, _, said = _rotated(pca.loadings.detach(), loc, noise, float(angle), x)
                pair = attempt(
                    gaps,
                    p.loadings.detach(),
                    torch.tensor(noise**2, dtype=torch.float64),
                    x - loc,
                    *said,
                )
                for column, gap in zip(predicted, pair, strict=True):
                    column.append(float(gap.mean()))
        for index, (name, colour) in enumerate((("approximation", ORANGE), ("amortization", BLUE))):
            if len(predicted[index]) == 31:
                axis.plot(
                    torch.linspace(0, 90, 31),
                    predicted[index],
                    color=colour,
                    label=f"{name} gap, you predicted",
                )
            means, errors = (torch.tensor([row[index][part] for row in rows]) for part in (0, 1))
            axis.errorbar(
                torch.rad2deg(turns),
                means,
                2 * errors,
                fmt="o",
                color=colour,
                capsize=3,
                label=f"{name} gap, measured ± 2 se",
            )
        axis.set(
            title="The same p(x), the latent rotated",
            xlabel="angle (degrees)",
            ylabel="mean gap (nats)",
        )
        axis.legend(fontsize=8)
    return figure


def flow_shapes(flow_recognizer: Callable[..., Any] | None = None) -> Figure:
    """Samples (bars) and density (line) of a sinh-arcsinh flow for three settings of its numbers.

    >>> len(flow_shapes().axes)
    3
    """
    settings = {
        "no skew, no tail": (0.0, 0.0, 0.0, 0.0),
        "skew 0.8": (0.0, -0.4, 0.8, 0.0),
        "log tail 0.6": (0.0, -0.4, 0.0, 0.6),
    }
    eps = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    grid = torch.linspace(-4, 4, 801, dtype=torch.float64).unsqueeze(-1)
    figure, axes = new_figure(columns=3, width=3.2, height=2.8, sharey=True)
    with style():
        for axis, (name, numbers) in zip(axes, settings.items(), strict=True):
            mu, rho, kappa, tau = numbers
            exact = mu + math.exp(rho) * torch.sinh(math.exp(tau) * torch.asinh(eps) + kappa)
            axis.hist(
                exact[:, 0].numpy(),
                bins=80,
                range=(-6, 8),
                density=True,
                histtype="step",
                color=GREY,
                label="the aim",
            )
            with yours(axis, "flow_recognizer") as attempt:
                params = torch.tensor(numbers, dtype=torch.float64)
                z, _ = attempt(flow_recognizer, params, eps)
                axis.hist(
                    z[:, 0].numpy(),
                    bins=80,
                    range=(-6, 8),
                    density=True,
                    color=BLUE,
                    alpha=0.35,
                    label="your samples",
                )
                at, log_q = attempt(flow_recognizer, params, grid)
                axis.plot(at[:, 0], log_q.exp(), color=RED, label="your density")
            axis.set(title=name, xlabel="z", xlim=(-6, 8), ylim=(0, 0.75))
        axes[0].set(ylabel="density")
        axes[0].legend(fontsize=7)
    return figure


def _gap(numbers: tuple[Tensor, Tensor], x: Tensor) -> Tensor:
    """KL(N(m, e^2r) | N(x/2, 1/2)), ``(*B)``, for numbers m and r."""
    m, r = numbers
    return ((2 * r).exp() + (m - x / 2) ** 2 - 0.5 - r - 0.5 * math.log(2)).sum(-1)


def _ascend(
    x: Tensor, start: tuple[Tensor, Tensor], steps: int, rate: float
) -> tuple[Tensor, Tensor]:
    m, r = start
    for _ in range(steps):
        m, r = m + rate * (x - 2 * m), r + rate * (1 - 2 * (2 * r).exp())
    return m, r


def _rotated(
    loadings: Tensor, loc: Tensor, noise: float, angle: float, x: Tensor
) -> tuple[ProbabilisticPCA, Amortized, list[Tensor]]:
    """The model with its latent turned; an encoder that shrinks the posterior mean and knows only the scales at angle 0; what it says."""
    turn = torch.eye(8, dtype=loadings.dtype)
    turn[0, 0] = turn[7, 7] = math.cos(angle)
    turn[7, 0], turn[0, 7] = math.sin(angle), -math.sin(angle)
    p = ProbabilisticPCA(loadings @ turn, loc, noise).requires_grad_(False)
    upright = torch.eye(8, dtype=loadings.dtype) + loadings.mT @ loadings / noise**2
    precision = turn.mT @ upright @ turn
    gain = torch.linalg.solve(precision, p.loadings.mT) / noise**2
    encoder = nn.Linear(x.shape[-1], 16, dtype=loadings.dtype).requires_grad_(False)
    encoder.weight.copy_(torch.cat([0.9 * gain, torch.zeros_like(gain)]))
    encoder.bias.copy_(torch.cat([-0.9 * gain @ loc, -0.5 * upright.diagonal().log()]))
    return (
        p,
        Amortized(MeanField(8), encoder.requires_grad_(True)),
        list(encoder(x).detach().chunk(2, -1)),
    )


def _measured_gaps(
    p: ProbabilisticPCA, q: Amortized, x: Tensor, steps: int
) -> list[tuple[float, float]]:
    """Mean and standard error over the data of the approximation and the amortization gap."""
    best, source = best_per_datum(p, q, x, steps=steps), torch.Generator().manual_seed(0)
    pair = (
        approximation_gap(p, q, x, best, 4000, source),
        amortization_gap(p, q, x, best, 4000, source),
    )
    return [
        (float(gap.value.mean()), float(gap.standard_error.square().sum().sqrt() / len(x)))
        for gap in pair
    ]
