"""Figures of lecture 03, The ELBO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.lecture_03b import (
    COLOURS,
    bit_ledger,
    completions,
    naive_walk,
    real_data,
    two_candidates,
)
from course_vi.plots.primitives import arrow, node, plate
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    SKY,
    new_figure,
    style,
)

__all__ = [
    "bit_ledger",
    "bound_and_gap",
    "bounds_over_theta",
    "completions",
    "jensen",
    "model_and_family",
    "naive_monte_carlo",
    "naive_walk",
    "real_data",
    "three_slices",
    "two_candidates",
    "two_starts",
]


def model_and_family() -> Figure:
    """The generative model and the variational family as graphs, with a plate over the data."""
    figure, (axis,) = new_figure(width=5.4, height=3.0)
    with style():
        plate(axis, (1.58, 0.13, 3.52, 2.67), "$n = 1 \\dots N$", colour=GREY, size=10)
        latent, observed, theta, phi = (2.4, 2.1), (2.4, 0.8), (0.85, 1.15), (4.35, 1.15)
        node(axis, latent, "$z_n$")
        node(axis, observed, "$x_n$", shaded=True)
        for centre, name in ((theta, "$\\theta$"), (phi, "$\\phi$")):
            axis.text(*centre, name, ha="center", va="center", fontsize=15)
        for start, end in ((latent, observed), (theta, observed), (theta, latent)):
            arrow(axis, start, end, BLUE)
        arrow(axis, phi, latent, RED, line="--")
        arrow(axis, observed, latent, RED, bend=0.5, line="--")
        axis.plot([], [], color=BLUE, label="model $p_\\theta(z)\\,p_\\theta(x \\mid z)$")
        axis.plot([], [], color=RED, linestyle="--", label="family $q_\\phi(z \\mid x)$")
        axis.set(
            xlim=(0.4, 4.8),
            ylim=(-0.1, 3.3),
            title="One latent per datum; shaded means observed",
            xticks=[],
            yticks=[],
            xlabel="solid arrows generate, dashed arrows infer",
            aspect="equal",
        )
        axis.grid(False)
        axis.spines[:].set_visible(False)
        axis.legend(loc="upper center", ncols=2, fontsize=9)
    return figure


def naive_monte_carlo(dims: Sequence[int], errors: Tensor, shares: Tensor) -> Figure:
    """Errors of the naive log evidence, and the share of its largest term, over the dimension; both ``(len(dims), R)``."""
    figure, (left, right) = new_figure(columns=2)
    with style():
        left.axhline(0, color=BLACK, linestyle="--", label="exact")
        for axis, values, colour, name in (
            (left, errors, RED, "estimate, mean"),
            (right, shares, BLUE, "mean"),
        ):
            low, high = values.quantile(0.05, 1), values.quantile(0.95, 1)
            axis.fill_between(
                list(dims), low, high, color=colour, alpha=0.2, label="5% to 95% of tries"
            )
            axis.plot(list(dims), values.mean(1), "o-", color=colour, label=name)
            axis.set_xscale("log", base=2)
            axis.set_xticks(list(dims), [str(dim) for dim in dims])
            axis.set_xlabel("dimension D of the latent")
            axis.legend(fontsize=9)
        left.set(
            title="Naive estimate of log p(x), 1,000 samples", ylabel="estimate minus exact (nats)"
        )
        right.set(
            title="One sample comes to carry the sum",
            ylabel="share of the largest term (fraction)",
            ylim=(0, 1),
        )
    return figure


def jensen(
    names: Sequence[str], weights: Sequence[Tensor], means: Sequence[tuple[float, float]]
) -> Figure:
    """Samples of w on the curve log w, with log E w above E log w; ``means`` holds (E w, E log w) of each panel."""
    figure, axes = new_figure(columns=len(names), sharey=True)
    with style():
        for axis, name, w, (mean, mean_log) in zip(axes, names, weights, means, strict=True):
            grid = Tensor(range(1, 401)) / 400 * 0.42
            axis.plot(grid, grid.log(), color=GREY, label="log w")
            axis.plot(w, w.log(), "o", color=SKY, alpha=0.5, markersize=5, label="samples of w")
            log_mean = Tensor([mean]).log().item()
            axis.plot(
                [mean, mean],
                [log_mean, mean_log],
                color=ORANGE,
                linewidth=3,
                label=f"gap = {log_mean - mean_log:.3f} nats",
            )
            axis.plot(mean, log_mean, "^", color=BLUE, markersize=9, label="log E w = log p(x)")
            axis.plot(mean, mean_log, "v", color=RED, markersize=9, label="E log w = ELBO")
            axis.set(title=name, xlabel="w = p(x, z) / q(z)", ylim=(-5.2, -0.6))
            axis.legend(fontsize=8, loc="lower right")
        axes[0].set_ylabel("log w (nats)")
    return figure


def bound_and_gap(
    z: Tensor, posterior: Tensor, q: Tensor, log_w: Tensor, bound: float, log_evidence: float
) -> Figure:
    """Left the densities of q and the posterior over z; right log w over z, whose mean under q is the ELBO."""
    figure, (left, right) = new_figure(columns=2)
    with style():
        left.fill_between(z, posterior, color=BLUE, alpha=0.2)
        left.plot(z, posterior, color=BLUE, label="posterior p(z | x)")
        left.plot(z, q, color=RED, label="q(z)")
        left.set(
            title=f"gap = KL(q || posterior) = {log_evidence - bound:.4f} nats",
            xlabel="latent z",
            ylabel="density (per unit of z)",
            ylim=(0, 1.15),
        )
        right.axhline(log_evidence, color=BLUE, label=f"log p(x) = {log_evidence:.3f}")
        right.axhline(bound, color=RED, linestyle="--", label=f"ELBO = {bound:.3f}")
        right.plot(z, log_w, color=BLACK, label="log w(z)")
        right.fill_between(z, -9, -9 + 3 * q, color=RED, alpha=0.2, label="where q samples")
        right.set(
            title="The ELBO is the mean of log w under q",
            xlabel="latent z",
            ylabel="log w (nats)",
            ylim=(-9, 4),
        )
        left.legend(fontsize=9, loc="upper left")
        figure.legend(
            *right.get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=4
        )
    return figure


def three_slices(
    scales: Tensor, bound: Tensor, slices: Sequence[tuple[str, str, Tensor, str, Tensor]]
) -> Figure:
    """The same ELBO over the scale of q, cut in three ways; a slice is (title, name, curve, name, curve)."""
    figure, axes = new_figure(columns=3, width=3.6, sharey=True)
    with style():
        for axis, (title, first_name, first, second_name, second) in zip(axes, slices, strict=True):
            axis.plot(scales, first, color=BLUE, linestyle="--", label=first_name)
            axis.plot(scales, second, color=ORANGE, linestyle=":", linewidth=2.4, label=second_name)
            axis.plot(scales, bound, color=BLACK, linewidth=2.4, label="sum: the ELBO")
            best = int(bound.argmax())
            axis.plot(scales[best], bound[best], "o", color=BLACK, markersize=6, label="maximum")
            axis.set(title=title, xlabel="standard deviation s of q", ylim=(-8.4, 2.2))
            axis.legend(fontsize=8, loc="lower left")
        axes[0].set_ylabel("nats")
    return figure


def bounds_over_theta(
    theta: Tensor,
    log_evidence: Tensor,
    bounds: Mapping[str, Tensor],
    touches: Sequence[float],
    profile: Tensor,
    climb: Sequence[tuple[float, float, float]],
) -> Figure:
    """Left: the log evidence and bounds below it. Right: alternating climbs (theta, bound, log evidence), and a poor family."""
    figure, (left, right) = new_figure(columns=2, width=4.6)
    with style():
        for axis in (left, right):
            axis.plot(theta, log_evidence, color=BLACK, linewidth=2.4, label="log p(x; theta)")
        for (name, curve), touch, colour in zip(bounds.items(), touches, COLOURS, strict=False):
            left.plot(theta, curve, color=colour, linestyle="--", label=name)
            left.plot(touch, curve[int((theta - touch).abs().argmin())], "o", color=colour)
        left.set(title="Every q gives a lower bound", ylim=(-4.6, -0.6))
        right.plot(theta, profile, color=PINK, label="best bound, if s must be 0.8")
        peak = int(profile.where(theta > 0, profile.min()).argmax())
        right.plot(theta[peak], profile[peak], "D", color=PINK, label="its maximum")
        right.plot(
            [step[0] for step in climb],
            [step[2] for step in climb],
            "o",
            color=GREEN,
            label="alternating climb",
        )
        for (start, _, height), (end, bound, _) in zip(climb, climb[1:], strict=False):
            right.annotate(
                "", (end, bound), (start, height), arrowprops={"arrowstyle": "->", "color": GREEN}
            )
        right.set(title="Climb in q, climb in theta, repeat", xlim=(-0.5, 3.5), ylim=(-3.1, -1.5))
        for axis in (left, right):
            axis.set(xlabel="parameter theta", ylabel="nats")
            axis.legend(fontsize=8, loc="upper center", ncols=2)
    return figure


def two_starts(
    z: Tensor,
    target: Tensor,
    fits: Mapping[str, Tensor],
    locs: Tensor,
    log_scales: Tensor,
    kl: Tensor,
    paths: Sequence[Tensor],
) -> Figure:
    """Left: a bimodal target and its fits. Right: reverse KL ``(len(log_scales), len(locs))`` and descents ``(steps, 2)``."""
    figure, (left, right) = new_figure(columns=2, width=4.6)
    with style():
        left.fill_between(z, target, color=GREY, alpha=0.35, label="target p(z)")
        for (name, density), colour in zip(fits.items(), COLOURS, strict=False):
            left.plot(z, density, color=colour, label=name)
        left.set(
            title="Four Gaussian fits of one target",
            xlabel="latent z",
            ylabel="density (per unit of z)",
            ylim=(0, 1.3),
        )
        lines = right.contour(
            locs,
            log_scales,
            kl,
            levels=[0.6, 0.9, 1, 1.5, 2.1, 2.2, 2.5, 3, 4, 6, 10, 20],
            colors=GREY,
            linewidths=0.9,
        )
        right.clabel(lines, fontsize=7)
        for path, colour in zip(paths, COLOURS, strict=False):
            right.plot(
                path[:, 0],
                path[:, 1],
                color=colour,
            )
            right.plot(path[0, 0], path[0, 1], "s", color=colour)
            right.plot(path[-1, 0], path[-1, 1], "o", color=colour)
        right.set(
            title="KL(q || p) in nats: squares start, dots end",
            xlabel="mean m of q",
            ylabel="$\\log s$ of q",
        )
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncols=3)
    return figure
