"""The figures of unit 14: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

import math
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_14, movies, png
from course_vi.plots.movies import Step

COUNTS = (1, 2, 4)
SITES = {
    "mu": (torch.tensor(1.0), -2.0, False),
    "y": (torch.tensor([28.0, 8.0, -3.0]), -9.5, True),
}
NOISE = {
    (loss, part): (value, 0.02, value)
    for loss, value in (("Trace_ELBO", 2.0), ("stl_loss", 0.0))
    for part in ("loc", "log_scale")
}
RUN = [Step("mu", 3.0, (1.0, 2.0), (0.0, 10.0)), Step("y", 5.0, None, (3.0, 4.0))]

FIGURES: dict[str, Callable[[], Figure]] = {
    "two_traces": lambda: lecture_14.two_traces({"run freely": SITES, "conditioned": SITES}),
    "message_path": lecture_14.message_path,
    "twins": lambda: lecture_14.twins({"VAE": (1e-16, 0.0), "ConjugateToy": (0.0, 3e-15)}),
    "promised": lambda: lecture_14.promised(
        COUNTS,
        {(kept, n): torch.tensor(10.0 * (1 if kept else n**2)) for kept in (True, False) for n in COUNTS},
        torch.tensor(-2.27),
    ),
    "losses": lambda: lecture_14.losses(NOISE),
    "subsampled": lambda: lecture_14.subsampled(
        {"all": (6.6, 3.8), "pairs, told 8": (6.6, 3.8), "pairs, told 2": (4.6, 6.3)}
    ),
}  # fmt: skip


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_14.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title()
        assert not axes.axison or (axes.get_xlabel() and axes.get_ylabel())
    assert png(figure).startswith(b"\x89PNG")


def test_what_is_observed_is_shaded_and_says_so() -> None:
    (axis,) = lecture_14.two_traces({"run": SITES}).axes
    colours = {patch.get_facecolor() for patch in axis.patches}
    assert len(colours) == 2
    words = [text.get_text() for text in axis.texts]
    assert [word for word in words if "observed" in word] == ["y, observed\n28  8  -3"]


def test_a_twin_that_is_equal_stands_at_the_left_edge() -> None:
    axis = lecture_14.twins({"VAE": (1e-16, 0.0)}).axes[0]
    places = sorted(float(line.get_xdata()[0]) for line in axis.lines[:2])
    assert places == [pytest.approx(1e-18), pytest.approx(1e-16)]


def test_a_replayed_trace_ends_with_a_sample_of_the_elbo() -> None:
    movie = movies.trace_replayed([RUN, RUN])
    for moving in (True, False):
        parts = ElementTree.fromstring(movie.svg(moving))
        assert [part.get("x") for part in parts] == ["0", "430"]

    def log_normal(value: float, mean: float, sd: float) -> float:
        return -0.5 * ((value - mean) / sd) ** 2 - math.log(sd) - 0.5 * math.log(2 * math.pi)

    elbo = log_normal(3.0, 0.0, 10.0) + log_normal(5.0, 3.0, 4.0) - log_normal(3.0, 1.0, 2.0)
    assert f"log p - log q = {elbo:.1f}" in movie.svg(moving=False)
    with pytest.raises(ValueError, match="there are 2 runs, of 2 kinds"):
        movies.trace_replayed([RUN, RUN[:1]])
    with pytest.raises(ValueError, match="there are 0 runs"):
        movies.trace_replayed([])
