"""The figures of unit 05: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_05, movies, png

LINE, DOTS = torch.linspace(0.1, 1, 20), torch.linspace(0.2, 0.9, 3)
RANGE = torch.linspace(0, 7, 20)
SIZES = torch.tensor([8.0, 16.0, 32.0])
WAYS = ("no baseline", "best constant", "blankets")
BOTH = {name: (DOTS, DOTS / 10) for name in ("score function", "path")}
RUNS = {name: -LINE.flip(0).expand(3, 20) - n for n, name in enumerate(("leave-one-out", WAYS[2]))}
UNNAMED = ("blanket", "pictures")  # a drawing, and pictures: no quantity stands on their axes

FIGURES: dict[str, Callable[[], Figure]] = {
    "parabolas": lambda: lecture_05.parabolas(
        [("one", LINE, LINE, 0.5), ("two", LINE - 1, LINE, -0.5)], [(DOTS, DOTS, DOTS / 10)] * 2
    ),
    "blanket": lecture_05.blanket,
    "growth": lambda: lecture_05.growth(
        SIZES, {name: SIZES.expand(5, 3) for name in WAYS}, dict(zip(WAYS, (2, 1, 0), strict=True))
    ),
    "moving_edge": lambda: lecture_05.moving_edge(
        RANGE, [("one", LINE, LINE), ("two", LINE, LINE)], RANGE, [LINE, LINE], DOTS, [BOTH, BOTH]
    ),
    "steps": lambda: lecture_05.steps(
        LINE, {"a": LINE, "b": LINE / 2}, {"a": (-1.0, 1.0), "b": (0.0, 1.0)}, 5
    ),
    "climbs": lambda: lecture_05.climbs(LINE, RUNS, -LINE.flip(0), 0.0),
    "pictures": lambda: lecture_05.pictures(
        {"clean": torch.rand(3, 64), "seen": torch.rand(3, 64)}, "Three pictures"
    ),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_05.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title() or name == "pictures"
        assert axes.get_xlabel() or name in UNNAMED
    assert figure.axes[0].get_ylabel() or name == "blanket"
    assert png(figure).startswith(b"\x89PNG")


def test_labels_of_climbs_that_end_together_stand_apart() -> None:
    figure = lecture_05.climbs(LINE, RUNS | {WAYS[2]: RUNS["leave-one-out"]}, -LINE.flip(0), 0.0)
    ends = {"leave-one-out", "blankets", "exact gradients"}
    heights = sorted(t.get_position()[1] for t in figure.axes[0].texts if t.get_text() in ends)
    assert len(heights) == 3 and min(b - a for a, b in zip(heights, heights[1:], strict=False)) > 0


def test_samples_flash_in_their_own_frame_alone() -> None:
    """A bar has its height in one frame and none in the others, and stays where its sample fell."""
    samples, weights = torch.tensor([-1.0, 1.0]), torch.tensor([1.0, -1.0])
    path = [(0.0, 1.0), (0.5, 0.9), (1.0, 0.7)]
    movie = movies.samples_flash(path, [(samples, weights)] * 3, (1.0, 0.7), 0.1)
    svg = ElementTree.fromstring(movie.svg())
    bars = [bar for bar in svg.iter() if bar.tag.endswith("line")]
    assert len(bars) == 6 and "<animate" not in movie.svg(moving=False)
    for bar in bars:
        ways = {a.get("attributeName"): a.get("values", "").split(";")[:3] for a in bar}
        assert all(len(set(values)) == 1 for name, values in ways.items() if name != "y2")
        assert sum(value != bar.get("y1") for value in ways["y2"]) == 1
