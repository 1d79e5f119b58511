"""The figures of unit 01: every function gives a Figure whose axes have a title and names for what they show."""

from collections.abc import Callable

import pytest
import torch
from matplotlib.figure import Figure
from torch.distributions import Normal

from course_vi.graph import BayesNet
from course_vi.plots import lecture_01, png

LINE, PAIRS, SQUARE = torch.linspace(0.1, 1, 20), torch.randn(20, 2), torch.rand(6, 4, 4)

NET = BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z, 1.0))

FIGURES: dict[str, Callable[[], Figure]] = {
    "blanket_graph": lambda: lecture_01.blanket_graph(NET, "z"),
    "chain_graph": lecture_01.chain_graph,
    "coins": lambda: lecture_01.coins(LINE.round(), LINE.round(), LINE, LINE.round()),
    "common_cause": lambda: lecture_01.common_cause(
        LINE, LINE, {label: LINE for label in "abcd"}, torch.full((2, 2), 0.25), 0.0
    ),
    "crossed": lambda: lecture_01.crossed(torch.eye(3), torch.eye(5), firms=3),
    "deep_samples": lambda: lecture_01.deep_samples(
        {"deep": (PAIRS, SQUARE, SQUARE.round()), "doubly": (PAIRS, SQUARE, SQUARE)}
    ),
    "doubly_intractable": lambda: lecture_01.doubly_intractable(
        LINE, {"exact": LINE, "without": LINE}, 0.4, LINE
    ),
    "image_rows": lambda: lecture_01.image_rows({"one": SQUARE, "two": SQUARE}),
    "learning_theta": lambda: lecture_01.learning_theta(
        LINE, {"0 data": LINE}, {"0 data": LINE}, 0.5
    ),
    "magnets": lambda: lecture_01.magnets([0.0, 1.0], {"J = 0": LINE[:2], "J = 1": LINE[:2]}),
    "nile": lambda: lecture_01.nile(range(20), LINE, (LINE, LINE), (LINE, LINE)),
    "plate_rule": lambda: lecture_01.plate_rule(PAIRS, {0.0: PAIRS, 1.0: PAIRS}, 0.5),
    "random_graphs": lambda: lecture_01.random_graphs(
        {"a": LINE}, LINE, LINE, torch.stack([LINE, LINE + 1], -1)
    ),
    "shrinkage": lambda: lecture_01.shrinkage(["A", "B"], [1, 2], LINE[:2], LINE[:2], LINE[:2]),
}
GRAPHS = {"blanket_graph", "chain_graph"}  # no scales
PICTURES = {
    "deep_samples",
    "image_rows",
}  # small pictures have none either; a name stands over them


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_01.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled_and_labelled(name: str) -> None:
    figure = FIGURES[name]()
    titles = [
        axes.get_title() or axes.get_title("left")
        for axes in figure.axes
        if axes.get_label() != "<colorbar>"
    ]
    assert any(titles) and (name in PICTURES or all(titles))
    if name not in PICTURES | GRAPHS:
        assert (
            all(axes.get_xlabel() for axes in figure.axes if axes.get_label() != "<colorbar>")
            and figure.axes[0].get_ylabel()
        )
    assert png(figure).startswith(b"\x89PNG")


def test_a_blanket_is_coloured_and_a_chain_begins_without_a_parent() -> None:
    net = BayesNet(
        a=lambda: Normal(0.0, 1.0),
        b=lambda: Normal(0.0, 1.0),
        c=lambda a, b: Normal(a + b, 1.0),
        d=lambda c: Normal(c, 1.0),
    )
    figure = lecture_01.blanket_graph(net, "a")
    colours = sorted(patch.get_facecolor() for patch in figure.axes[0].patches)
    assert (
        len(set(colours)) == 3 and max(colours.count(colour) for colour in colours) == 2
    )  # the node, its two, and one shielded
    words = [text.get_text() for text in lecture_01.chain_graph(steps=3).axes[0].texts]
    assert "$p(z_1)$" in words and "$z_3$" in words
