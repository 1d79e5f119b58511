"""The figures of unit 00: every function gives a Figure whose axes have a title, and names for what they show where there are scales."""

from collections.abc import Callable

import pytest
import torch
from matplotlib.figure import Figure

from autograder.units.unit_00 import targets
from course_vi.plots import lecture_00, png
from course_vi.syllabus import UNITS

LINE = torch.linspace(0.1, 1, 20)
COVARIANCE = torch.tensor([[1.0, 1.0], [1.0, 2.0]])
DIAGRAMS = {"four_choices", "map_of_units", "axes_of_a_sample"}

FIGURES: dict[str, Callable[[], Figure]] = {
    "four_choices": lecture_00.four_choices,
    "map_of_units": lambda: lecture_00.map_of_units([0, 3]),
    "axes_of_a_sample": lecture_00.axes_of_a_sample,
    "climb": lambda: lecture_00.climb(LINE, LINE, 1.0),
    "z_histograms": lambda: lecture_00.z_histograms(
        {"a": torch.randn(2, 30), "b": torch.randn(2, 30)}, [10, 100]
    ),
    "z_over_r": lambda: lecture_00.z_over_r(100 * LINE, {"a": 0.1}),
    "float_range": lambda: lecture_00.float_range(LINE, {"double": LINE}),
    "cut_gaussian": lambda: lecture_00.cut_gaussian(torch.zeros(2), COVARIANCE, 2.0, 1.0, 0.5),
}
TARGETS: dict[str, Callable[..., Figure]] = {
    name: getattr(targets, name) for name in targets.__all__
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_00.__all__)


@pytest.mark.parametrize("name", [*FIGURES, *TARGETS])
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = (FIGURES | TARGETS)[name]()
    assert isinstance(figure, Figure) and all(axes.get_title() for axes in figure.axes)
    assert name in DIAGRAMS or figure.axes[0].get_xlabel() and figure.axes[0].get_ylabel()
    assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_says_what_is_missing(name: str) -> None:
    def stub(*args: object) -> None:
        raise NotImplementedError("your turn")

    def broken(*args: object) -> None:
        raise ZeroDivisionError

    for learner, words in ((stub, "not written yet"), (broken, "stopped: ZeroDivisionError")):
        labels = [
            text.get_text() for text in TARGETS[name](learner).axes[0].get_legend().get_texts()
        ]
        assert any(words in label for label in labels), labels


def test_the_map_leads_forward() -> None:
    """Every arrow of the map goes to the right, and no two units stand in one place."""
    places = {number: place[1:] for number, place in lecture_00.PLACES.items()}
    assert sorted(places) == [unit.number for unit in UNITS] and len(set(places.values())) == len(
        UNITS
    )
    assert all(places[need][0] < places[unit.number][0] for unit in UNITS for need in unit.needs)
