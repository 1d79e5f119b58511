"""The figures of unit 04: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.learning import cavi
from course_vi.models import BayesianGaussianMixture, GaussianMixture
from course_vi.plots import ellipses, lecture_04, movies, png

LINE = torch.linspace(0.1, 1, 20)
SIZES = torch.tensor([5, 10, 20])
X = torch.randn(12, 2, generator=torch.Generator().manual_seed(0))
KINDS = torch.arange(12) % 3
MIXTURE = GaussianMixture(torch.tensor([0.5, 0.5]), X[:2], torch.eye(2).expand(2, 2, 2))
FACTORS = cavi(
    BayesianGaussianMixture(12, 2, torch.zeros(2), torch.eye(2)),
    X,
    3,
    generator=torch.Generator().manual_seed(0),
).factors
NORMAL = (torch.tensor(0.0), torch.tensor(1.0))
GRID = torch.linspace(-2, 2, 9)
BUMP = (-GRID[:, None].square() - GRID.square()).exp()
UNNAMED = ("pictures",)  # no quantity stands on their axes

FIGURES: dict[str, Callable[[], Figure]] = {
    "two_climbs": lambda: lecture_04.two_climbs({1.0: LINE, 4.0: LINE / 2}, 2.0),
    "clusters": lambda: lecture_04.clusters(
        X, [("one", MIXTURE, MIXTURE.responsibilities(X).detach())] * 2, KINDS
    ),
    "for_ever": lambda: lecture_04.for_ever(10.0 ** -torch.arange(1, 9), torch.arange(8.0), 3),
    "pictures": lambda: lecture_04.pictures({"one": torch.rand(3, 64)}, "Three pictures"),
    "how_many": lambda: lecture_04.how_many(SIZES, -torch.rand(3, 5), -torch.rand(3, 5) - 1),
    "pace": lambda: lecture_04.pace({0.25: LINE.flip(0), 0.5: LINE}, LINE, LINE.expand(5, 20)),
    "constrained": lambda: lecture_04.constrained(torch.arange(12.0), 20 - torch.arange(7.0)),
    "two_gaussians": lambda: lecture_04.two_gaussians(
        torch.eye(2), torch.stack([GRID, GRID], 1), torch.ones(2)
    ),
    "mean_and_precision": lambda: lecture_04.mean_and_precision(GRID, GRID, BUMP, BUMP),
    "pruned": lambda: lecture_04.pruned(X, FACTORS, FACTORS),
    "two_directions": lambda: lecture_04.two_directions(GRID, -GRID.square(), NORMAL, NORMAL),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_04.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title() or name in UNNAMED
        assert axes.get_xlabel() or name in UNNAMED
    assert figure.axes[0].get_ylabel()
    assert png(figure).startswith(b"\x89PNG")


def test_the_title_names_the_number_that_is_best_on_held_out_data() -> None:
    held_out = torch.tensor([[-2.0, -2.0], [-1.0, -1.1], [-3.0, -3.0]])
    figure = lecture_04.how_many(SIZES, held_out + 1, held_out)
    assert "10 clusters are best" in figure.axes[0].get_title()


def test_an_ellipse_is_two_standard_deviations_wide() -> None:
    drawn: list[tuple[torch.Tensor, torch.Tensor]] = []
    axes = SimpleNamespace(plot=lambda x, y, **_: drawn.append((x, y)))
    covariance = torch.tensor([[4.0, 1.0], [1.0, 1.0]])
    ellipses.ellipse(axes, torch.tensor([1.0, 0.0]), covariance, "#000000")  # type: ignore[arg-type]
    off = torch.stack(drawn[0]) - torch.tensor([[1.0], [0.0]])
    distance = (off * torch.linalg.solve(covariance, off)).sum(0).sqrt()
    assert torch.allclose(distance, torch.full((80,), 2.0))


def test_colours_are_mixed_by_responsibility() -> None:
    sure = ellipses.mixed(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    half = ellipses.mixed(torch.tensor([[0.5, 0.5]]))
    assert torch.allclose(half[0], sure.mean(0)) and not torch.allclose(sure[0], sure[1])


def test_the_staircase_goes_sideways_then_up_and_its_dot_stands_on_the_corners() -> None:
    corners = torch.tensor([[-2.0, -2.0], [0.0, -2.0], [0.0, 0.0], [1.0, 0.0]])
    movie = movies.staircase(corners, lambda m, theta: -((m - theta) ** 2) - (2 - m) ** 2)
    svg = ElementTree.fromstring(movie.svg())
    (dot,) = [part for part in svg.iter() if part.tag.endswith("circle")]
    ways = {a.get("attributeName"): (a.get("values") or "").split(";") for a in dot}
    x, y = ways["cx"], ways["cy"]
    assert x[0] != x[1] and y[0] == y[1] and x[1] == x[2] and y[1] != y[2]
    words = "".join(svg.itertext())
    assert "after E-step 1: F = -8.00" in words and "after M-step 1: F = -4.00" in words
    assert "<animate" not in movie.svg(moving=False)
