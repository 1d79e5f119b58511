"""The figures of unit 02: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

import math
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure
from torch.distributions import Normal

from course_vi.plots import lecture_02, movies, png
from course_vi.plots.lecture_02 import _survival

LINE, SIZES = torch.linspace(0.1, 1, 20), [1, 2, 4, 8]
RUNS = {name: -torch.rand(3, 4, generator=torch.Generator().manual_seed(0)) for name in ("uniform", "prior")}  # fmt: skip
LEVELS = {name: torch.linspace(0.2, 0.4 - at, 6) for name, at in (("ML", 0.0), ("full Bayes", 0.1))}
UNNAMED = ("pictures",)  # no quantity stands on their axes

FIGURES: dict[str, Callable[[], Figure]] = {
    "pictures": lambda: lecture_02.pictures(
        {"truth": torch.rand(3, 64), "seen": torch.rand(3, 64)}, "Three"
    ),
    "convergence": lambda: lecture_02.convergence(SIZES, RUNS),
    "bias": lambda: lecture_02.bias(
        SIZES, {"reciprocal": -RUNS["prior"], "logarithm": RUNS["uniform"]}, 0.4
    ),
    "tails": lambda: lecture_02.tails(
        {0.6: LINE, 0.1: LINE}, (torch.arange(10, 30), 1 + 0 * LINE, 0.1 * LINE)
    ),
    "prior_predictive": lambda: lecture_02.prior_predictive(
        {"flat": torch.full((46,), 1 / 46), "other": torch.full((46,), 1 / 46)}, 10 * LINE
    ),
    "occam": lambda: lecture_02.occam({"one": (-45.0, -48.0), "own": (-36.0, -69.0)}),
    "levels": lambda: lecture_02.levels(LEVELS, LEVELS["ML"], LEVELS, "full Bayes"),
    "hyperparameter": lambda: lecture_02.hyperparameter(
        LINE, {"one": -LINE, "two": LINE}, {"flat": 0 * LINE}
    ),
    "stein": lambda: lecture_02.stein(LINE[:4], {3: 3 * LINE[:12].view(3, 4)}),
    "bandwidth": lambda: lecture_02.bandwidth(
        LINE.tolist(),
        {"evidence": LINE, "fit": -LINE, "complexity": 2 * LINE},
        LINE,
        LINE,
        {"a": LINE, "b": -LINE},
    ),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_02.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title() or name == "pictures"
        assert axes.get_xlabel() or name in UNNAMED
    assert figure.axes[0].get_ylabel() or name == "occam"
    assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("variance", [0.6, 0.35, 0.1])
def test_the_drawn_survival_curve_is_that_of_the_weights(variance: float) -> None:
    """Against 50,000 weights of the toy: p(z | x) / q(z) with q centred at the posterior's mean."""
    eps = torch.randn(50_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = 1 + math.sqrt(variance) * eps
    log_w = Normal(1, math.sqrt(0.5)).log_prob(z) - Normal(1, math.sqrt(variance)).log_prob(z)
    t, share = _survival(variance)
    for at in (10, 40, 80):
        expected = share[at].item()
        found = (log_w.exp() > t[at]).double().mean().item()
        error = math.sqrt(expected * (1 - expected) / len(eps))
        assert abs(found - expected) < 4.5 * error


def test_the_two_parts_of_a_bar_end_at_the_evidence() -> None:
    axes = lecture_02.occam({"one": (-45.0, -48.0)}).axes[0]
    fit, cost = axes.patches
    assert fit.get_width() == 45.0 and cost.get_x() + cost.get_width() == 48.0  # type: ignore[attr-defined]


def test_a_mode_is_marked_at_the_top_of_its_own_curve() -> None:
    """Evidence that rises to the right, and a prior that pulls it to the left."""
    figure = lecture_02.hyperparameter(LINE, {"one": LINE}, {"strong": -100 * LINE})
    marks = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_marker() == "v"]
    assert marks == pytest.approx([1000 * LINE[-1].item(), 1000 * LINE[0].item()])


def test_the_cloud_lies_on_its_parabola_and_says_when_the_variance_is_infinite() -> None:
    eps = torch.tensor([-1.0, 0.0, 2.0])
    frames = []
    for variance in (1.0, 0.5, 0.3, 0.2):
        z = 1 + math.sqrt(variance) * eps
        log_w = Normal(1, math.sqrt(0.5)).log_prob(z) - Normal(1, math.sqrt(variance)).log_prob(z)
        frames.append((variance, z, log_w))
    movie = movies.weights_cloud(frames)
    svg = movie.svg()
    told = ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter() if text.tag.endswith("text")]  # fmt: skip
    said = [line.rpartition("Weights: ")[2] for line in told if "Weights: " in line]
    wanted = ["bounded", "all equal", "unbounded, finite variance", "unbounded, infinite variance"]
    assert said == wanted
    for variance, z, log_w in frames:
        bend = 1 / (2 * variance) - 1
        parabola = 0.5 * math.log(2 * variance) + bend * (z - 1) ** 2
        assert torch.allclose(parabola, log_w, atol=1e-6)
    assert svg.count("<circle") == 3 and "<animate" not in movie.svg(moving=False)
