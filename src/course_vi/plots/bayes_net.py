"""A Bayesian network, drawn: observed nodes shaded, plates as boxes, parents above their children."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

from matplotlib.figure import Figure

from course_vi.graph import BayesNet, Plate
from course_vi.plots.primitives import arrow, blank, node, plate
from course_vi.plots.style import GREY, new_figure, style

__all__ = ["draw_graph", "in_words", "layout"]

Spots = dict[str, tuple[float, float]]
WIDE, HIGH, PAD = 1.8, 1.15, 0.42
MOST = 2_000  # arrangements that a layout tries


def draw_graph(
    net: BayesNet,
    labels: Mapping[str, str] | None = None,
    observed: tuple[str, ...] = (),
    title: str = "",
) -> Figure:
    """The net as a picture.

    Args:
        labels: what to write in a node, such as ``{"z": "$z_n$"}``; otherwise its name.
        observed: nodes to shade, besides those the net is conditioned on.

    >>> from torch.distributions import Normal
    >>> net = BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z, 1.0))
    >>> len(draw_graph(net, observed=("x",)).axes)
    1
    """
    for name in (*observed, *(labels or {})):
        if name not in net.recipes:
            raise ValueError(f"there is no node {name}; expected one of {', '.join(net.recipes)}")
    spots, boxes = layout(net), {}
    for p, members in plates_of(net).items():
        boxes[p] = box(p, members, net, spots)
    left, bottom = (
        min([*(s[i] - 0.5 for s in spots.values()), *(b[i] - 0.15 for b in boxes.values())])
        for i in (0, 1)
    )
    right, top = (
        max([*(s[i] + 0.5 for s in spots.values()), *(b[i + 2] + 0.15 for b in boxes.values())])
        for i in (0, 1)
    )
    figure, (ax,) = new_figure(
        width=max(2.0, 1.1 * (right - left)), height=1.1 * (top - bottom) + (0.3 if title else 0.0)
    )
    with style():
        blank(ax, title, (left, right), (bottom, top))
        for name in net.order:
            node(
                ax,
                spots[name],
                (labels or {}).get(name, ""),
                shaded=name in observed or name in net.observed,
            )
            if name not in (labels or {}):
                text = ax.text(*spots[name], name, ha="center", va="center", zorder=4)
                text.set_fontsize(min(11.0, 70 / len(name)))
            for parent in net.parents[name]:
                arrow(
                    ax,
                    spots[parent],
                    spots[name],
                    GREY,
                    bend=0.45 if _hidden(parent, name, spots) else 0.0,
                )
        for i, (p, corners) in enumerate(boxes.items()):
            plate(
                ax,
                corners,
                f"{p.name} = 1..{p.size}",
                left=i % 2 == 0,
                size=7,
                gid=f"plate {p.name}",
            )
    return figure


def in_words(net: BayesNet, observed: tuple[str, ...] = ()) -> str:
    """The same for those who cannot see it: a text alternative for ``show``.

    >>> from torch.distributions import Normal
    >>> in_words(BayesNet(z=lambda: Normal(0.0, 1.0), x=lambda z: Normal(z, 1.0)), observed=("x",))
    'A directed graph. z has no parents. x (observed) has parent z.'
    """
    sentences = ["A directed graph."]
    for name in net.order:
        parents = net.parents[name]
        seen = " (observed)" if name in observed or name in net.observed else ""
        plural = "s" if len(parents) > 1 else ""
        sentences.append(
            f"{name}{seen} has "
            + (f"parent{plural} {' and '.join(parents)}." if parents else "no parents.")
        )
    for p, members in plates_of(net).items():
        sentences.append(f"Plate {p.name} repeats {' and '.join(members)} {p.size} times.")
    return " ".join(sentences)


def plates_of(net: BayesNet) -> dict[Plate, list[str]]:
    """Every plate and the nodes in it, in the order of the net."""
    found: dict[Plate, list[str]] = {}
    for name in net.order:
        for p in net.plates[name]:
            found.setdefault(p, []).append(name)
    return found


def box(
    p: Plate, members: list[str], net: BayesNet, spots: Spots
) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of a plate: around its nodes, and around the plates that lie inside it."""
    everyone = plates_of(net)
    inside = sum(
        1 for other, theirs in everyone.items() if other != p and set(theirs) < set(members)
    )
    same = [other for other, theirs in everyone.items() if set(theirs) == set(members)]
    pad = PAD + 0.2 * inside + 0.2 * (len(same) - 1 - same.index(p))
    xs, ys = zip(*(spots[name] for name in members), strict=True)
    return min(xs) - pad, min(ys) - pad - 0.12, max(xs) + pad, max(ys) + pad


def layout(net: BayesNet) -> Spots:
    """A place for every node: parents in rows above, and in each row the order with the fewest faults that a short search finds."""
    depth: dict[str, int] = {}
    for name in net.order:
        depth[name] = 1 + max((depth[parent] for parent in net.parents[name]), default=-1)
    for name in reversed(net.order):  # a root stands just above its first child
        children = net.children(name)
        if children and not net.parents[name]:
            depth[name] = min(depth[child] for child in children) - 1
    rows = [
        [name for name in net.order if depth[name] == row] for row in range(1 + max(depth.values()))
    ]
    arrangements = itertools.product(*(itertools.permutations(row) for row in rows))
    return min(
        (_placed(rows) for rows in itertools.islice(arrangements, MOST)),
        key=lambda spots: _faults(net, spots),
    )


def _placed(rows: tuple[tuple[str, ...], ...]) -> Spots:
    return {
        name: (WIDE * (i - (len(row) - 1) / 2), -HIGH * depth)
        for depth, row in enumerate(rows)
        for i, name in enumerate(row)
    }


def _faults(net: BayesNet, spots: Spots) -> float:
    """Strangers in a plate, arrows through a node, crossings, length: in this order of weight."""
    edges = [(parent, child) for child in net.order for parent in net.parents[child]]
    faults = sum(math.dist(spots[a], spots[b]) for a, b in edges)
    for p, members in plates_of(net).items():
        x0, y0, x1, y1 = box(p, members, net, spots)
        faults += 1000 * sum(
            x0 - 0.28 < spots[name][0] < x1 + 0.28 and y0 - 0.28 < spots[name][1] < y1 + 0.28
            for name in net.order
            if name not in members
        )
    for a, b in edges:
        faults += 100 * _hidden(a, b, spots)
    return faults + 10 * sum(
        _cross(*(spots[n] for n in (*e, *f)))
        for e, f in itertools.combinations(edges, 2)
        if not {*e} & {*f}
    )


def _hidden(a: str, b: str, spots: Spots) -> int:
    """How many other nodes the straight arrow from a to b would pass through."""
    return sum(
        _distance(spot, spots[a], spots[b]) < 0.35
        for name, spot in spots.items()
        if name not in (a, b)
    )


def _distance(point: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    """From a point to a segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = min(1.0, max(0.0, ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / (dx * dx + dy * dy)))
    return math.dist(point, (a[0] + t * dx, a[1] + t * dy))


def _cross(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]
) -> bool:
    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
