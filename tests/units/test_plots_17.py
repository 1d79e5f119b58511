"""The figures of unit 17: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_17, lecture_17b, movies, png

T = torch.arange(1.0, 31.0)
RISING = 0.01 * T.expand(5, 30) * torch.arange(1, 6).unsqueeze(1)
YEARS = torch.arange(1871, 1901)

FIGURES: dict[str, Callable[[], Figure]] = {
    "estimates": lambda: lecture_17.estimates({10: 0.1 * T - 1.5, 50: 0.05 * T - 0.7}),
    "growth": lambda: lecture_17.growth(
        RISING.exp(), RISING / 1000, torch.tensor([10, 20]), torch.full((2, 3), 0.1)
    ),
    "combs": lambda: lecture_17.combs(
        torch.tensor([0.2, 0.5, 0.3]), {"multinomial": torch.tensor([0.1, 0.2, 0.9])}
    ),
    "proposals": lambda: lecture_17.proposals({"one": RISING[:, 3], "none": torch.zeros(5)}),
    "nile": lambda: lecture_17b.nile(YEARS, T, {"Kalman": (T, T), "particles": (T + 1, T)}),
    "ancestors": lambda: lecture_17b.ancestors(
        T, T.expand(10, 30), {"by ancestors": 1 / T, "backwards": 0.01 * T}
    ),
    "start_only": lambda: lecture_17b.start_only({0.25: RISING, 0.025: 10 * RISING}),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_17.__all__) | set(lecture_17b.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title()
        assert not axes.axison or (axes.get_xlabel() and axes.get_ylabel())
    assert png(figure).startswith(b"\x89PNG")


def test_a_variance_of_zero_is_drawn_at_the_floor() -> None:
    axis = lecture_17.proposals({"none": torch.zeros(5)}, floor=1e-3).axes[0]
    assert axis.lines[0].get_ydata() == pytest.approx([1e-3] * 5)
    assert "zero" in [text.get_text() for text in axis.texts]


def test_the_living_end_where_they_are_and_what_is_to_come_is_not_drawn() -> None:
    paths = torch.randn(4, 3, 4, generator=torch.Generator().manual_seed(0))
    movie = movies.family_tree(paths, torch.zeros(4))
    ElementTree.fromstring(movie.svg())
    lines, curves = movie._parts[:9], movie._parts[10:]  # three moves of three particles; the mean
    assert len(curves) == 3 and all(len(frames) == 4 for _, frames in movie._parts[10:])
    first = [frames[0] for _, frames in lines]
    assert all(line["x1"] == line["x2"] and line["y1"] == line["y2"] for line in first)
    last = [frames[-1] for _, frames in lines]
    assert all(line["x1"] != line["x2"] for line in last)
