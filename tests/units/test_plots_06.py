"""The figures of unit 06: every function gives a Figure whose axes have a title and names for what they show."""

from collections.abc import Callable

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_06, png

LINE, DOTS = torch.linspace(0.1, 1, 20), torch.linspace(0.2, 0.9, 3)
BOTH = ("score function", "pathwise")
LINES, POINTS, DRAWS = (
    {name: value for name in BOTH} for value in (LINE, DOTS, torch.linspace(-1, 1, 500))
)
WAYS = ("all sampled", "entropy by formula", "KL by formula")
PLANE = torch.zeros(2), torch.eye(2), torch.ones(2, 2)

FIGURES: dict[str, Callable[[], Figure]] = {
    "dimensions": lambda: lecture_06.dimensions(LINE, LINES, DOTS, POINTS),
    "two_views": lambda: lecture_06.two_views(LINE, LINE, LINE, DOTS, DOTS, DOTS, DRAWS, 0.5),
    "quadratic": lambda: lecture_06.quadratic(
        LINE, torch.rand(20, 3) + 0.1, DOTS, torch.rand(3, 3, 2) + 0.1
    ),
    "steps": lambda: lecture_06.steps(LINE, LINES, DOTS, POINTS, 0.5),
    "one_step": lambda: lecture_06.one_step(LINE, LINE, LINE, DRAWS, dict.fromkeys(BOTH, 1.0)),
    "real_ratio": lambda: lecture_06.real_ratio({"a": LINE, "b": LINE}, 4),
    "frozen_trumpet": lambda: lecture_06.frozen_trumpet(
        10 * LINE, LINE, -LINE, DOTS, DOTS, -DOTS, 5
    ),
    "frozen_data": lambda: lecture_06.frozen_data({"a": (LINE, LINE), "b": (LINE, LINE)}, 5, 2.0),
    "three_ways": lambda: lecture_06.three_ways(
        LINE,
        dict.fromkeys(WAYS, LINE),
        dict.fromkeys(WAYS, LINE),
        DOTS,
        dict.fromkeys(WAYS, DOTS),
        dict.fromkeys(WAYS, DOTS),
        0.7,
    ),
    "gamma_shift": lambda: lecture_06.gamma_shift(
        LINE, {"a": LINE, "b": LINE / 2}, [(0.5, 0.2, 0.4)], {"a": (LINE, LINE, LINE)}
    ),
    "posteriors": lambda: lecture_06.posteriors(
        [("one", "z", LINE, LINE, LINE), ("two", "z", LINE, LINE, LINE)]
    ),
    "maps": lambda: lecture_06.maps(
        [(name, lambda e: e, lambda z: -z.square().sum(-1)) for name in "ab"]
    ),
    "noise_outside": lecture_06.noise_outside,
    "unseen_direction": lambda: lecture_06.unseen_direction(
        [("one", *(value.double() for value in PLANE))]
    ),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_06.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title() and (axes.get_xlabel() or name == "noise_outside")
    assert figure.axes[0].get_ylabel() or name == "noise_outside"
    assert png(figure).startswith(b"\x89PNG")
