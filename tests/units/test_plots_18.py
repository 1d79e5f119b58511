"""The figures of unit 18: every function gives a Figure whose axes have a title and names for what they show."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import lecture_18, lecture_18b, movies, png

T = torch.arange(1.0, 31.0)
FALLING = 0.8**T
SIX = torch.arange(1.0, 7.0)

FIGURES: dict[str, Callable[[], Figure]] = {
    "two_maxima": lambda: lecture_18.two_maxima(T, -((T - 20) ** 2), -((T - 15) ** 2) - 50),
    "forgetting": lambda: lecture_18.forgetting({"far": -FALLING, "near": 0.1 * FALLING}, 0.85),
    "three_couplings": lambda: lecture_18.three_couplings({"one": (T, T), "none": (T, T + 1)}),
    "meeting_place": lambda: lecture_18.meeting_place(SIX / 21, 1 / SIX, 0.01 * SIX),
    "survival": lambda: lecture_18.survival({"one": FALLING}, {"one": FALLING}, 4000),
    "proposal_tails": lambda: lecture_18b.proposal_tails(
        {"wide": FALLING, "narrow": T**-1.5}, {"wide": FALLING, "narrow": T**-1.5}, 1000
    ),
    "price": lambda: lecture_18b.price(
        T,
        100 / T + T,
        (SIX, 100 / SIX + SIX, 0.1 * SIX),
        SIX,
        torch.stack([10 / SIX + 5, 0.1 * SIX], -1),
        4.0,
    ),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_18.__all__) | set(lecture_18b.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    for axes in figure.axes:
        assert axes.get_title()
        assert not axes.axison or (axes.get_xlabel() and axes.get_ylabel())
    assert png(figure).startswith(b"\x89PNG")


def test_the_shares_of_equal_pairs_are_told() -> None:
    axes = FIGURES["three_couplings"]().axes
    assert [ax.texts[0].get_text() for ax in axes] == ["equal: 100%", "equal: 0%"]


def test_chains_that_meet_become_one_line_and_say_when() -> None:
    ahead = torch.tensor([2.0, 1.0, 0.5, 0.0, 0.25])
    behind = torch.tensor([-2.0, -1.0, 0.0, 0.25])
    movie = movies.chains_meet(ahead, behind, lambda z: (-z.square()).exp())
    ElementTree.fromstring(movie.svg())
    assert "met at step 3" in movie.svg() and "met at step 2" not in movie.svg()
    never = movies.chains_meet(ahead, behind - 9, lambda z: (-z.square()).exp())
    assert "met at" not in never.svg()
