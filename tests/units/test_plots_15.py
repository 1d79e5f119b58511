"""The figures of unit 15: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_15, movies, png

LINE = torch.linspace(0.05, 1.0, 20)
CURVE = (LINE, -LINE.log())
SEEDS = 0.5 + 0.1 * LINE[:5]
POINT = {"1": (SEEDS, SEEDS), "2": (SEEDS + 0.2, SEEDS / 2)}
WAYS = dict.fromkeys(lecture_15.WAYS, SEEDS)

FIGURES: dict[str, Callable[[], Figure]] = {
    "coin_curve": lambda: lecture_15.coin_curve(CURVE, {0.5: (0.1, 2.3), 1.5: (1.0, 0.0)}),
    "rate_curve": lambda: lecture_15.rate_curve(
        CURVE, {"linear": {"1": (LINE[:1], LINE[:1])}, "deep": POINT}, "a"
    ),
    "ratio_bias": lambda: lecture_15.ratio_bias(
        LINE, {100: (LINE.expand(10, -1).T, LINE.expand(10, -1).T)}, 0.5
    ),
    "latent_maps": lambda: lecture_15.latent_maps(
        {"a": torch.randn(3, 5, 2), "b": torch.randn(3, 5, 2)}, torch.randn(2, 20, 2), LINE
    ),
    "gap_over_angle": lambda: lecture_15.gap_over_angle(
        LINE, {"a": LINE, "b": LINE / 2, "c": 0 * LINE}
    ),
    "told_of_factors": lambda: lecture_15.told_of_factors(
        {"a": torch.rand(6, 4), "b": torch.rand(4, 4)}, ["row", "column", "size", "shade"]
    ),
    "two_metrics": lambda: lecture_15.two_metrics(WAYS, WAYS),
    "kept_contents": lambda: lecture_15.kept_contents(
        {"all": {"row": SEEDS, "size": SEEDS}, "tied": {"row": SEEDS, "size": SEEDS}}, "a"
    ),
    "picture_rows": lambda: lecture_15.picture_rows([("a", torch.rand(6, 144))], 6),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_15.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    for axes in figure.axes:
        if axes.get_label() == "<colorbar>":
            continue
        assert axes.get_title()
        assert name == "picture_rows" or (axes.get_xlabel() and axes.get_ylabel() or name in ("ratio_bias",)), name  # fmt: skip
    assert png(figure).startswith(b"\x89PNG")


def test_a_tangent_has_the_slope_of_its_weight() -> None:
    axis = lecture_15.coin_curve(CURVE, {0.5: (0.3, 1.2)}).axes[0]
    (x0, x1), (y0, y1) = axis.lines[2].get_data()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(-2.0)


def test_the_water_drowns_axis_after_axis() -> None:
    values, levels = torch.tensor([1.0, 0.5, 0.1]), torch.tensor([0.05, 0.3, 0.7])
    movie = movies.water_rises(values, levels, torch.tensor([3.0, 1.0, 0.2]), torch.tensor([0.15, 0.7, 1.3]))  # fmt: skip
    told = movie.svg()
    assert all(f"{dry} of 3 axes dry" in told for dry in (3, 2, 1))
    assert ElementTree.fromstring(movie.svg(moving=False)) is not None
    with pytest.raises(ValueError, match="there are 3 levels, 1 rates"):
        movies.water_rises(values, levels, torch.tensor([3.0]), torch.tensor([0.15]))
