"""The figures of unit 16: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_16, movies, png

LINE = torch.linspace(-3, 3, 30)
ROWS = 0.1 + torch.arange(20.0).view(4, 5) / 20
SHARES = torch.linspace(0.1, 0.9, 4).expand(5, 4)
PLACES = ("at the points", "between them", "beyond them", "outside the range")
ONE = {"conditional": ROWS}
FIGURES: dict[str, Callable[[], Figure]] = {
    "four_graphs": lecture_16.four_graphs,
    "statistics_found": lambda: lecture_16.statistics_found(LINE.view(15, 2), LINE[:15], LINE[15:]),
    "shortfalls": lambda: lecture_16.shortfalls(
        torch.tensor([1, 2, 4, 8]), {"exact, each alone": ROWS, "conditional": 2 * ROWS}
    ),
    "shortfalls_by_context": lambda: lecture_16.shortfalls_by_context(
        torch.tensor([0, 1, 8, 24]), ONE, 12
    ),
    "where_it_fails": lambda: lecture_16.where_it_fails(PLACES, ONE, ONE),
    "coverages": lambda: lecture_16.coverages(
        torch.linspace(0.1, 0.9, 4),
        {place: {"conditional": SHARES} for place in PLACES},
        dict.fromkeys(PLACES, SHARES),
    ),
    "draws_beside_bands": lambda: lecture_16.draws_beside_bands(
        LINE, torch.zeros(2, 2), {"flat": (0 * LINE, 1 + 0 * LINE, LINE.expand(3, 30))}, 2.0
    ),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_16.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title()
        assert not axes.axison or (axes.get_xlabel() and axes.get_ylabel())
    assert png(figure).startswith(b"\x89PNG")


def test_shortfalls_are_drawn_at_the_mean_over_seeds() -> None:
    axis = lecture_16.shortfalls_by_context(torch.tensor([0, 1, 8, 24]), ONE, 12).axes[0]
    drawn = torch.tensor([float(value) for value in axis.lines[0].get_ydata()])
    assert torch.allclose(drawn, ROWS.mean(-1))


def test_a_point_is_out_of_sight_until_it_arrives() -> None:
    flat = (0 * LINE, 1 + 0 * LINE)
    points = torch.tensor([[0.0, 1.0], [1.0, -1.0]])
    movie = movies.bands_close(LINE, points, [flat] * 3, 2.0, [flat] * 3)
    heights = [[float(frame["cy"]) for frame in values] for name, values in movie._parts if name.startswith("circle")]  # fmt: skip
    assert [[height > 0 for height in each] for each in heights] == [[False, True, True], [False, False, True]]  # fmt: skip
    with pytest.raises(ValueError, match="expected one band more than points"):
        movies.bands_close(LINE, points, [flat] * 2, 2.0)
