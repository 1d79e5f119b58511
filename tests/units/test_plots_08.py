"""The figures of unit 08: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.graph.sparsity import fill_in
from course_vi.plots import lecture_08, movies, png
from course_vi.plots.beside import Several
from course_vi.plots.moving import Movie

SQUARE = [(0, 1), (2, 3), (0, 2), (1, 3)]
STAR = [(3, 0), (3, 1), (3, 2)]
CLOUD = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
RUNS = {name: (1.0 + n, [0.5 + n, 0.6 + n]) for n, name in enumerate(lecture_08.COLOURS)}
RATIOS = {name: torch.linspace(0.3, 1.1, 7) for name in lecture_08.COLOURS}

FIGURES: dict[str, Callable[[], Figure]] = {
    "no_correlation": lambda: lecture_08.no_correlation(
        (2, 5, 10), (0.4, 0.35, 0.32), (0.8, 1.0, 2.0), (0.8, 3.0, 9.0)
    ),
    "by_rank": lambda: lecture_08.by_rank((0, 1, 2), (5.0, 4.0, 3.0), 10),
    "cost": lambda: lecture_08.cost(
        dict.fromkeys("abcd", (10, 100)), dict.fromkeys("abcd", (1.0, 2.0))
    ),
    "orders": lambda: lecture_08.orders(
        SQUARE, {"one": [0, 1, 2, 3]}, {"one": fill_in(SQUARE, 4)}, side=2
    ),
    "graphs_and_precisions": lambda: lecture_08.graphs_and_precisions(
        dict.fromkeys(("counties", "Nile"), (STAR, fill_in(STAR, 4), fill_in(STAR, 4)))
    ),
    "planar": lecture_08.planar,
    "funnel": lambda: lecture_08.funnel(CLOUD, CLOUD),
    "race": lambda: lecture_08.race([("one", RUNS), ("two", RUNS)], floor=0.01),
    "widths": lambda: lecture_08.widths([("one", RATIOS), ("two", RATIOS)]),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_08.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    graphs = name in ("orders", "graphs_and_precisions")  # drawings of graphs have no axes to name
    for axes in figure.axes:
        assert axes.get_title()
        assert graphs or axes.get_xlabel() and axes.get_ylabel()
    assert png(figure).startswith(b"\x89PNG")


def test_filled_in_entries_are_told_apart_from_those_of_the_precision() -> None:
    """A square eliminated corner by corner: four pairs, and one that is filled in."""
    (_, low) = lecture_08.orders(
        SQUARE, {"one": [0, 1, 2, 3]}, {"one": fill_in(SQUARE, 4)}, side=2
    ).axes
    colours = [patch.get_facecolor() for patch in low.patches]
    assert [colours.count(one) for one in dict.fromkeys(colours)] == [4, 4, 1]


def test_each_family_has_a_panel_with_its_own_clock() -> None:
    line, ring = torch.linspace(-2, 2, 21), torch.eye(2)
    hill = -0.5 * (line[:, None] ** 2 + line**2)
    films = {name: [(ring, 2 * ring, n + 0.5), (ring, ring, n + 0.25)] for n, name in enumerate(("a", "b", "c", "d"))}  # fmt: skip
    movie = movies.families_close((line, line), hill, films)
    told, still = movie.svg(), movie.svg(moving=False)
    assert all(f"gap {n}.500" in told and f"gap {n}.250" in told for n in range(4))
    assert "<animate" in told and "<animate" not in still
    assert 'viewBox="0 0 810 500"' in told and all(f'id="part{n}"' in told for n in range(4))


def test_movies_of_different_rounds_are_not_put_side_by_side() -> None:
    with pytest.raises(ValueError, match="expected one for all of them"):
        Several([Movie((0, 1), (0, 1)), Movie((0, 1), (0, 1), seconds=3.0)], columns=2)
    with pytest.raises(ValueError, match="0 kinds"):
        Several([], columns=2)


def test_a_run_that_failed_is_not_drawn_as_a_small_gap() -> None:
    """A bound above log p(x) is no gap: a cross at the upper rim, where gaps beyond it are triangles."""
    figure = lecture_08.race([("one", {"full": (1.0, [20.0, 3000.0, -1e70])})], 0.2, ceiling=100.0)
    drawn = {line.get_marker(): list(line.get_ydata()) for line in figure.axes[0].lines}
    assert drawn == {"o": [20.0], "^": [100.0], "x": [100.0]}
