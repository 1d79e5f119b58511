"""The figures of unit 13: every function gives a Figure whose axes have titles."""

from collections.abc import Callable

import pytest
import torch
from matplotlib.figure import Figure

from course_vi.plots import images, lecture_13, png

LINE, CLOUD, PICTURES = torch.linspace(0.1, 1, 16), torch.randn(16, 2), torch.rand(16, 64)

FIGURES: dict[str, Callable[[], Figure]] = {
    "maps": lambda: lecture_13.maps(
        [("a", CLOUD, torch.arange(16) % 10, 3.0), ("b", CLOUD, None, 3.0)]
    ),
    "infinite_mixtures": lambda: lecture_13.infinite_mixtures(
        CLOUD, [("a", torch.rand(4, 5), CLOUD)], (-1.0, 1.0, -1.0, 1.0)
    ),
    "three_variances": lambda: lecture_13.three_variances(
        {"a": LINE, "b": LINE}, LINE, {"a": (0.5, 0.5), "b": (0.5, 0.5)}
    ),
    "manifold": lambda: lecture_13.manifold(PICTURES, 4, "a"),
    "scale_maps": lambda: lecture_13.scale_maps(
        LINE, [("a", LINE), ("b", LINE)], {"one": (1.0, 0.1), "two": (2.0, 0.1)}
    ),
    "evidence_bias": lambda: lecture_13.evidence_bias(
        LINE, {"a": LINE.tolist(), "b": LINE.tolist()}, LINE
    ),
    "water_filling": lambda: lecture_13.water_filling(LINE, 0.3, LINE, LINE, LINE, 1 - LINE),
    "arena": lambda: lecture_13.arena(
        {"10": {"a": {"train": [0.0, 1.0], "test": [0.0, 1.0]}}}, ["a", "b"]
    ),
    "collapse": lambda: lecture_13.collapse(
        {"a": LINE.expand(5, -1), "b": LINE.expand(5, -1)}, {"b": LINE}
    ),
    "layers_used": lambda: lecture_13.layers_used({"a": (LINE, LINE), "b": (LINE, LINE)}),
    "surgery": lambda: lecture_13.surgery(
        LINE, LINE, [("single posteriors", LINE), ("aggregate posterior", LINE)], {"a": (1.0, 0.1)}
    ),
    "picture_rows": lambda: lecture_13.picture_rows([("a", PICTURES), ("b", PICTURES)], 8),
    "vae_graph": lecture_13.vae_graph,
    "two_layers": lambda: lecture_13.two_layers(
        LINE, {"a": LINE, "b": LINE, "c": LINE}, {"a": (LINE, LINE)}
    ),
}


def test_every_figure_is_tried() -> None:
    assert set(FIGURES) == set(lecture_13.__all__)


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_titled(name: str) -> None:
    figure = FIGURES[name]()
    titled = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert isinstance(figure, Figure) and all(axes.get_title() for axes in titled)
    assert png(figure).startswith(b"\x89PNG")


def test_tile_puts_pictures_in_rows() -> None:
    page = images.tile(torch.stack([torch.zeros(4), torch.ones(4), torch.zeros(4)]), columns=2)
    assert page.shape == (7, 7) and page[1:3, 4:6].eq(1).all() and page[4:6, 1:3].eq(0).all()
    assert page[0].eq(0.5).all() and page[4:6, 4:6].eq(0.5).all()
