"""The figures of unit 12: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_12, lecture_12b, movies, png

LINE = torch.linspace(0.01, 0.99, 30)
BUMP = torch.exp(-0.5 * ((LINE - 0.5) / 0.1).square())
GRID = (LINE[:, None] - LINE[None, :]).square()
SEEDS = LINE.expand(5, 30)
ROW = {
    way: {"train": [-18.0 - k, -18.2 - k], "test": [-19.0 - k, -19.1 - k]}
    for k, way in enumerate(lecture_12b.WAYS)
}

FIGURES: dict[str, Callable[[], Figure]] = {
    "two_nets": lecture_12.two_nets,
    "recognition": lambda: lecture_12.recognition(LINE, LINE, SEEDS, 1 - SEEDS),
    "two_divergences": lambda: lecture_12.two_divergences(LINE, GRID, 1 - GRID),
    "dreams_and_data": lambda: lecture_12.dreams_and_data(
        LINE, BUMP, 1 - LINE, LINE, {"dreams": LINE, "data": BUMP}
    ),
    "two_scales": lambda: lecture_12.two_scales(
        LINE, BUMP, LINE, {"likelihood": LINE, "least squares": 0.9 * LINE}
    ),
    "runaway": lambda: lecture_12.runaway(
        torch.arange(1, 31), {"at means": 1 + LINE, "sampled": LINE}, 0.9
    ),
    "rests": lambda: lecture_12b.rests(
        LINE, -GRID[15], dict.fromkeys(lecture_12b.RESTS, 0.4) | {"maximum likelihood": 0.5}
    ),
    "bias": lambda: lecture_12b.bias(
        torch.tensor([1, 2, 4, 8]),
        (1 / torch.tensor([1.0, 2, 4, 8]))[:, None, None] * torch.rand(4, 5, 2).add(1),
    ),
    "codes": lambda: lecture_12b.codes(LINE, GRID[:, :3], GRID[:, :3], LINE),
    "upward": lambda: lecture_12b.upward(LINE, BUMP, BUMP, LINE, GRID[:3]),
    "arena": lambda: lecture_12b.arena(ROW, tuple(lecture_12b.WAYS)),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_12.__all__) | set(lecture_12b.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title()
        assert not axes.axison or (axes.get_xlabel() and axes.get_ylabel())
    assert png(figure).startswith(b"\x89PNG")


def test_every_lowest_point_of_a_divergence_is_marked() -> None:
    m = torch.linspace(0.0, 1.0, 21)
    one = (m[:, None] - 0.5).square() + (m - 0.5).square()
    two = (m[:, None] + m - 1).square() + (m[:, None] - m).abs().sub(0.8).square()
    axes = lecture_12.two_divergences(m, one, two).axes
    dots = [
        sorted({(round(float(x[0]), 2), round(float(y[0]), 2)) for x, y in (line.get_data() for line in axis.lines)})
        for axis in axes[:2]
    ]  # fmt: skip
    assert dots == [[(0.5, 0.5)], [(0.1, 0.9), (0.9, 0.1)]]


def test_each_algorithm_stands_on_the_curve() -> None:
    places = {"wake-sleep": 0.2, "the ELBO": 0.4, "maximum likelihood": 0.5, "at means": 0.7}
    axis = lecture_12b.rests(LINE, -GRID[15], places).axes[0]
    for at, line in zip(places.values(), axis.lines[1:], strict=True):
        row = int((LINE - at).abs().argmin())
        assert float(line.get_ydata()[0]) == pytest.approx(-float(GRID[15, row]))


def test_sleep_moves_what_is_told_and_wake_moves_the_dreams() -> None:
    movie = movies.dream_and_wake(LINE, BUMP, [BUMP, LINE], [LINE, BUMP], [BUMP, LINE], ["awake", "asleep"])  # fmt: skip
    for moving in (True, False):
        parts = ElementTree.fromstring(movie.svg(moving))
        assert [part.get("x") for part in parts] == ["0", "430"]
    assert movie.left.svg().count("<animate ") == 3  # the dreams, and two words by turns
    assert movie.right.svg().count("<animate ") == 2
    with pytest.raises(ValueError, match="there are 2 dreams, 1 exact"):
        movies.dream_and_wake(LINE, BUMP, [BUMP, LINE], [LINE], [LINE], ["awake"])
