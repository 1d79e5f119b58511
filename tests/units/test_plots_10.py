"""The figures of unit 10: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_10, movies, png

LINE = torch.linspace(-3.0, 3.0, 61)
COUNTS = (1, 4, 16, 64)
FALLING = [1.0, 0.3, 0.1, 0.03]
SOURCE = torch.Generator().manual_seed(0)
RATIOS = {
    name: torch.rand(5, 4, generator=SOURCE) + 0.1
    for name in ("φ, total derivative", "φ, doubly reparametrized", "θ")
}
CLIMBS = {
    name: torch.rand(7, 3, 5, generator=SOURCE)
    for name in ("doubly reparametrized", "naive landing")
}
CURVES = {
    name: [-value for value in FALLING][1 if name in ("halves", "jackknife, one term") else 0 :]
    for name in lecture_10.BOUNDS
}
SHEET = {
    (count, name): (torch.randn(50, generator=SOURCE), 0.1)
    for count in (4, 64)
    for name in lecture_10.ESTIMATORS
}
SCORES = {what: [torch.rand(5, generator=SOURCE)] * 2 for what in ("log p(x)", "bound", "ELBO")}

FIGURES: dict[str, Callable[[], Figure]] = {
    "gaps": lambda: lecture_10.gaps(
        COUNTS, {"one": FALLING, "two": FALLING}, torch.tensor(FALLING)
    ),
    "all_bounds": lambda: lecture_10.all_bounds(
        COUNTS, CURVES, {"jackknife, one term": [0.1] * 3, "Renyi, α = -1": [0.1] * 4}
    ),
    "thermodynamic": lambda: lecture_10.thermodynamic(LINE / 6 + 0.5, LINE.exp(), [0.0, 0.4, 1.0]),
    "resampled": lambda: lecture_10.resampled(
        LINE, LINE.cos(), {1: -LINE.square(), 20: -LINE.abs()}, {1: -LINE.square()}
    ),
    "signal_to_noise": lambda: lecture_10.signal_to_noise(COUNTS, RATIOS),
    "two_climbs": lambda: lecture_10.two_climbs(CLIMBS),
    "laboratory": lambda: lecture_10.laboratory(SHEET),
    "trained": lambda: lecture_10.trained(["ELBO", "IWAE"], SCORES),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_10.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title() and axes.get_xlabel() and axes.get_ylabel()
    assert png(figure).startswith(b"\x89PNG")


def test_labels_of_bounds_that_end_together_stand_apart() -> None:
    together = {name: [-0.1] * len(values) for name, values in CURVES.items()}
    figure = lecture_10.all_bounds(COUNTS, together, {})
    labels = {t.get_text(): t.get_position()[1] for t in figure.axes[0].texts}
    heights = sorted(height for name, height in labels.items() if name in lecture_10.BOUNDS)
    assert len(heights) == 5  # the two that need two samples have words of their own
    assert min(b - a for a, b in zip(heights, heights[1:], strict=False)) > 0.08


def test_what_needs_two_samples_begins_at_the_second_count() -> None:
    figure = lecture_10.all_bounds(COUNTS, CURVES, {})
    begins = [float(line.get_xdata()[0]) for line in figure.axes[0].lines[1:]]
    wanted = [4 if name in ("halves", "jackknife, one term") else 1 for name in CURVES]
    assert begins == wanted


def test_the_bound_contracts_on_the_evidence_and_its_mean_moves_up() -> None:
    """Frames of one simulation: the mean's line goes right; the values outside the picture stay inside it."""
    frames = [(k, torch.linspace(-40.0, 3.0, 200) / k) for k in (1, 4, 64)]
    movie = movies.bound_contracts(frames, [-1.0, -0.3, -0.01])
    assert "<animate" not in movie.svg(moving=False) and len(movie.svg()) < 100_000
    tree = ElementTree.fromstring(movie.svg())
    line = next(
        node
        for node in tree.iter("{http://www.w3.org/2000/svg}line")
        if any(part.get("attributeName") == "x1" for part in node)
    )
    steps = next(part for part in line if part.get("attributeName") == "x1").get("values") or ""
    places = [float(value) for value in steps.split(";")]
    assert places == sorted(places) and places[0] < places[-1]
    assert "K = 1, gap 1.0" in movie.svg() and "K = 64" in movie.svg()
