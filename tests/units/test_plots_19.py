"""The figures of unit 19: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_19, movies, png

N = torch.arange(1.0, 31.0)
NET = 26 + torch.tensor([[6.0], [2.0], [0.1]]) + 0.1 * torch.arange(5)

FIGURES: dict[str, Callable[[], Figure]] = {
    "coloured_numbers": lambda: lecture_19.coloured_numbers({"prior": "01", "q": "0111"}),
    "on_bins": lambda: lecture_19.on_bins(0.8, 0.2, [2, 4, 6]),
    "price_of_bins": lambda: lecture_19.price_of_bins([2, 4, 8], NET, 2 * NET, NET[2]),
    "chain": lambda: lecture_19.chain(N, {"bits back": 3 + 60 / N, "raw": 0 * N + 8}),
    "sizes": lambda: lecture_19.sizes({"ours": 960, "raw": 2376}, ["ours"], 950.0),
    "worth": lambda: lecture_19.worth({"one": N[:5], "other": -N[:5]}),
    "two_orders": lambda: lecture_19.two_orders({"plain": (["a", "b"], torch.tensor([-50.0, 30.0]))}),
}  # fmt: skip


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_19.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title()
        assert not axes.axison or (axes.get_xlabel() and axes.get_ylabel())
    assert png(figure).startswith(b"\x89PNG")


def test_each_number_stands_with_its_place_among_its_colour() -> None:
    words = [text.get_text() for text in lecture_19.coloured_numbers({"q": "0111"}, 8).axes[0].texts]  # fmt: skip
    assert words[1::2] == ["0, no. 0", "1, no. 0", "1, no. 1", "1, no. 2", "0, no. 1", "1, no. 3", "1, no. 4", "1, no. 5"]  # fmt: skip


def test_the_lowest_point_of_an_order_is_what_is_lent() -> None:
    figure = lecture_19.two_orders({"plain": (["a", "b", "c"], torch.tensor([-50.0, -20.0, 30.0]))})
    assert "50 bits lent" in [text.get_text() for text in figure.axes[0].texts]


def test_what_is_to_come_is_a_bar_without_height() -> None:
    movie = movies.stack_of_bits(100, [[60, 85, 125], [80, 110, 150]])
    for moving in (True, False):
        ElementTree.fromstring(movie.svg(moving))
    bars = [frames for element, frames in movie._parts if element.startswith("path fill")][1:7]
    first = [frames[0]["d"] for frames in bars]
    for drawn, frames in zip(first, bars, strict=True):
        heights = {point.split(",")[1] for point in drawn[1:].split("L")}
        assert len(heights) == 1 and len(frames) == 7
    with pytest.raises(ValueError, match="a row of 2; expected 3"):
        movies.stack_of_bits(100, [[60, 85]])
