"""The figures of unit 03: every function gives a Figure whose axes have a title and names for what they show."""

from collections.abc import Callable

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_03, png

LINE, SQUARE = torch.linspace(0.1, 1, 20), torch.linspace(0, 1, 400).view(20, 20)
PATH = torch.stack([LINE, LINE], -1)

FIGURES: dict[str, Callable[[], Figure]] = {
    "model_and_family": lecture_03.model_and_family,
    "naive_monte_carlo": lambda: lecture_03.naive_monte_carlo(
        (1, 2), torch.randn(2, 9), torch.rand(2, 9)
    ),
    "jensen": lambda: lecture_03.jensen(("a", "b"), [LINE, LINE], [(0.2, -2.0), (0.2, -1.8)]),
    "bound_and_gap": lambda: lecture_03.bound_and_gap(LINE, LINE, LINE, LINE, -2.5, -2.3),
    "three_slices": lambda: lecture_03.three_slices(
        LINE, LINE, [(title, "one", LINE, "two", LINE) for title in "abc"]
    ),
    "bounds_over_theta": lambda: lecture_03.bounds_over_theta(
        LINE, LINE, {"q": LINE}, [0.5], LINE, [(0.1, 0.0, 0.2), (0.4, 0.3, 0.5)]
    ),
    "two_starts": lambda: lecture_03.two_starts(
        LINE, LINE, {"q": LINE}, LINE, LINE, 3 * SQUARE, [PATH]
    ),
    "two_candidates": lambda: lecture_03.two_candidates(
        LINE, ("p", "p'"), [LINE, LINE], {"q": LINE}, torch.ones(2, 1), torch.ones(2, 1)
    ),
    "completions": lambda: lecture_03.completions({"a": torch.ones(5, 3)}, LINE, {"a": LINE}),
    "bit_ledger": lambda: lecture_03.bit_ledger(
        ("q", "r"), torch.ones(2), torch.ones(2), torch.ones(2), 0.9
    ),
    "naive_walk": lambda: lecture_03.naive_walk(
        LINE, LINE, -10 * SQUARE, {"a": [PATH], "b": [PATH, PATH]}, (0.5, 0.5)
    ),
    "real_data": lambda: lecture_03.real_data(
        {"q": LINE}, 20, -1.0, LINE, LINE, SQUARE, {"q": PATH}
    ),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_03.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title() and axes.get_xlabel()
    # Panels that share a scale name it once, on the left. The graph has no scales at all.
    assert figure.axes[0].get_ylabel() or name == "model_and_family"
    assert png(figure).startswith(b"\x89PNG")
