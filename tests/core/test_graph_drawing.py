"""Drawings of Bayesian networks: every node and arrow, shading, plates that hold exactly their nodes, and the same in words."""

from __future__ import annotations

import pytest
import torch
from matplotlib.patches import Circle, FancyBboxPatch
from torch.distributions import Normal

from course_vi.graph import BayesNet, plate
from course_vi.plots.bayes_net import box, draw_graph, in_words, layout, plates_of
from course_vi.plots.style import png


def normal(*parents):
    return Normal(sum(parents, torch.zeros(())), 1.0)


def nets() -> dict[str, BayesNet]:
    g, n, i, j = plate("g", 3), plate("n", 4), plate("i", 3), plate("j", 4)
    return {
        "chain": BayesNet(
            z1=lambda: normal(),
            z2=lambda z1: normal(z1),
            x1=lambda z1: normal(z1),
            x2=lambda z2: normal(z2),
        ),
        "nested": BayesNet(
            mean=lambda: normal(),
            level=g(lambda mean: normal(mean)),
            score=g(n(lambda level: normal(level))),
        ),
        "crossed": BayesNet(
            a=i(lambda: normal()), b=j(lambda: normal()), y=j(i(lambda a, b: normal(a, b)))
        ),
        "global": BayesNet(
            w=lambda: normal(), f=n(lambda: normal()), y=n(lambda w, f: normal(w, f))
        ),
        "skip": BayesNet(a=lambda: normal(), b=lambda a: normal(a), c=lambda a, b: normal(a, b)),
        "same plates": BayesNet(y=g(n(lambda: normal())), w=lambda: normal()),
    }


@pytest.mark.parametrize("name", list(nets()))
def test_drawing(name):
    net = nets()[name]
    observed = net.order[-1:]
    figure = draw_graph(net, observed=observed)
    (ax,) = figure.axes
    circles = {tuple(patch.center): patch for patch in ax.patches if isinstance(patch, Circle)}
    frames = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    spots = layout(net)
    assert set(circles) == set(spots.values()) and len(spots) == len(
        net.order
    )  # no two nodes in one place
    shaded = {node for node in net.order if circles[spots[node]].get_facecolor()[0] < 0.95}
    assert shaded == set(observed)
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    assert len(arrows) == sum(len(parents) for parents in net.parents.values())
    assert {text.get_text() for text in ax.texts} >= {
        *net.order,
        *(f"{p.name} = 1..{p.size}" for p in plates_of(net)),
    }
    assert {frame.get_gid() for frame in frames} == {f"plate {p.name}" for p in plates_of(net)}
    for p, members in plates_of(net).items():
        x0, y0, x1, y1 = box(p, members, net, spots)
        inside = {node for node, (x, y) in spots.items() if x0 < x < x1 and y0 < y < y1}
        assert inside == set(members)
    assert all(
        spots[parent][1] > spots[child][1] for child in net.order for parent in net.parents[child]
    )
    assert len(png(figure)) > 1_000


def test_nested_boxes_nest():
    net = nets()["nested"]
    (g, outer), (n, inner) = plates_of(net).items()
    (a, b, c, d), (e, f, h, i) = box(g, outer, net, layout(net)), box(n, inner, net, layout(net))
    assert a < e and b < f and c > h and d > i


def test_conditioned_nodes_are_shaded_and_words_say_so():
    net = nets()["crossed"].condition(y=torch.zeros(4, 3))
    assert in_words(net) == (
        "A directed graph. a has no parents. b has no parents. y (observed) has parents a and b. "
        "Plate i repeats a and y 3 times. Plate j repeats b and y 4 times."
    )
    with pytest.raises(ValueError, match="no node w"):
        draw_graph(net, observed=("w",))
