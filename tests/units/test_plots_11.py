"""The figures of unit 11: titled, labelled; those to aim for say what is missing."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from matplotlib.figure import Figure

from autograder.units.unit_11 import targets
from course_vi.plots import lecture_11, png

LINE = torch.linspace(0.1, 1, 20)

FIGURES: dict[str, Callable[[], Figure]] = {
    "three_graphs": lecture_11.three_graphs,
    "datum_paths": lambda: lecture_11.datum_paths(
        torch.rand(4, 2, 2), torch.rand(2, 2), ["a", "b"]
    ),
    "snapshots": lambda: lecture_11.snapshots(LINE, {"0 steps": LINE}, LINE, LINE),
    "posteriors": lambda: lecture_11.posteriors(LINE, LINE, {"q": LINE}, "x = 1"),
    "gap_bars": lambda: lecture_11.gap_bars(["a", "b"], [1.0, 2.0], [0.5, 0.1]),
    "cost": lambda: lecture_11.cost({"a": (LINE, LINE)}, 1.0),
    "new_data": lambda: lecture_11.new_data(LINE, {"net": LINE}, (0.2, 0.5)),
}
TARGETS: dict[str, Callable[..., Figure]] = {
    name: getattr(targets, name) for name in targets.__all__
}
TARGETS["gap_agreement"] = partial(targets.gap_agreement, angles=1, data=1, steps=20)


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_11.__all__)


@pytest.mark.parametrize("name", [*FIGURES, *TARGETS])
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = (FIGURES | TARGETS)[name]()
    assert isinstance(figure, Figure) and all(axes.get_title() for axes in figure.axes)
    assert name == "three_graphs" or figure.axes[0].get_xlabel() and figure.axes[0].get_ylabel()
    assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_says_what_is_missing(name: str) -> None:
    def stub(*args: object) -> None:
        raise NotImplementedError("your turn")

    def broken(*args: object) -> None:
        raise ZeroDivisionError

    for learner, words in ((stub, "not written yet"), (broken, "stopped: ZeroDivisionError")):
        legends = [axes.get_legend() for axes in TARGETS[name](learner).axes]
        labels = [text.get_text() for legend in legends if legend for text in legend.get_texts()]
        assert any(words in label for label in labels), labels
