"""The figures of unit 07: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_07, movies, png

LINE, TAUS = torch.linspace(0.01, 0.99, 20), torch.tensor([2.0, 1.0, 0.5, 0.2])
BY_TAU = torch.rand(5, 4, 3, generator=torch.Generator().manual_seed(0)) + 0.1
SQUARED = {count: BY_TAU[..., 0] + BY_TAU[..., 1] / count for count in (1, 10, 100, 1000)}
ENDS, SLOPES = torch.tensor([-30.0, -20.0]), torch.tensor([22.0, -0.2])
NAMES = tuple(lecture_07.COLOURS)
ERRORS = {name: torch.tensor([0.3, 10.0 + n, 2.0]) for n, name in enumerate(NAMES)}
BELOW = {name: LINE[:, None].expand(20, 5) * n for n, name in enumerate(NAMES)}

FIGURES: dict[str, Callable[[], Figure]] = {
    "bent_coin": lambda: lecture_07.bent_coin(
        LINE - 0.5, LINE, LINE, {tau: LINE for tau in (3.0, 1.0, 0.3)}
    ),
    "temperatures": lambda: lecture_07.temperatures(TAUS, BY_TAU, SQUARED),
    "relaxed_values": lambda: lecture_07.relaxed_values(TAUS, BY_TAU[0], -0.1),
    "secant": lambda: lecture_07.secant(LINE, 10 * LINE - 30, ENDS, SLOPES),
    "two_sides": lambda: lecture_07.two_sides(6 * LINE - 3, LINE, 1.0, 2.0),
    "budgets": lambda: lecture_07.budgets(
        torch.logspace(0, 4, 20), ERRORS, dict.fromkeys(NAMES, 2)
    ),
    "at_the_top": lambda: lecture_07.at_the_top(torch.arange(20), BELOW),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_07.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title() and axes.get_xlabel() and axes.get_ylabel()
    assert png(figure).startswith(b"\x89PNG")


def test_labels_of_climbs_that_end_together_stand_apart() -> None:
    together = dict.fromkeys(NAMES, LINE[:, None].expand(20, 5))
    figure = lecture_07.at_the_top(torch.arange(20), together)
    heights = sorted(text.get_position()[1] for text in figure.axes[0].texts)
    assert len(heights) == len(NAMES)
    assert min(b - a for a, b in zip(heights, heights[1:], strict=False)) > 0.05


def test_only_what_is_biased_levels_off() -> None:
    figure = lecture_07.budgets(torch.logspace(0, 6, 20), ERRORS, dict.fromkeys(NAMES, 2))
    for name, line in zip(NAMES, figure.axes[0].lines, strict=True):
        last = float(line.get_ydata()[-1])
        assert (last > 0.3) == (name in ("Gumbel-softmax", "straight-through")), name


def test_samples_end_in_the_corner_of_their_largest_score() -> None:
    """Dots of one colour start apart and end together; the temperature is told frame by frame."""
    cold, warm = torch.eye(3)[[0, 0, 1, 2]], torch.full((4, 3), 1 / 3)
    movie = movies.simplex([warm, cold], [2.0, 0.1])
    assert "<animate" not in movie.svg(moving=False)
    ends: dict[str, set[tuple[str, str]]] = {}
    for dot in ElementTree.fromstring(movie.svg()).iter("{http://www.w3.org/2000/svg}circle"):
        ways = {a.get("attributeName"): (a.get("values") or "").split(";")[-1] for a in dot}
        end = (ways.get("cx") or dot.get("cx") or "", ways.get("cy") or dot.get("cy") or "")
        ends.setdefault(dot.get("fill") or "", set()).add(end)
    assert len(ends) == 3 and all(len(each) == 1 for each in ends.values())
    assert "temperature 2.00" in movie.svg() and "temperature 0.10" in movie.svg()
