"""Graphs of unit 01, built beside the learner's code: who has which parents, how a node is drawn, and its conditional density.

A graph travels as numbers: ``edges (n, n)``, with ``edges[i, j] = 1 + place`` when j is the parent of i that its recipe takes at that
place; ``order (n,)``, in which the dictionaries list the nodes; and the numbers of the recipes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from typing import Any

import torch
from torch import Tensor

from autograder.protocol.problems import driver, problem

__all__: list[str] = []


def names_of(n: int) -> list[str]:
    """a, a1, a12, b, b1, b12, ...: a name may have several letters, and may be the beginning of another."""
    return [chr(97 + i // 3) + ("", "1", "12")[i % 3] for i in range(n)]


def parents_of(edges: Tensor, order: Tensor) -> dict[str, tuple[str, ...]]:
    """The parents of every node, listed in the order given."""
    names = names_of(len(edges))
    return {
        names[i]: tuple(names[int(j)] for j in edges[i].argsort() if edges[i, j] > 0)
        for i in order.long().tolist()
    }


def _centre(weights: Tensor, bias: Tensor, values: tuple[Tensor, ...]) -> Tensor | float:
    """b + sum of w v, with a bend so that no two parents can be exchanged unnoticed."""
    total: Any = float(bias)
    for place, value in enumerate(values):
        total = total + float(weights[place]) * (value if place % 2 == 0 else torch.sin(value))
    return total


class _Recipes:
    """How the nodes of one graph are drawn; remembers how often each was, and how many values were asked for."""

    def __init__(
        self,
        edges: Tensor,
        weights: Tensor,
        biases: Tensor,
        scales: Tensor,
        binary: Tensor,
        eps: Tensor,
    ) -> None:
        self.edges, self.weights, self.biases, self.scales, self.binary, self.eps = (
            edges,
            weights,
            biases,
            scales,
            binary,
            eps,
        )
        self.calls, self.asked = [0] * len(edges), set[int]()

    def recipe(self, i: int) -> Callable[..., Tensor]:
        count, name = int((self.edges[i] > 0).sum()), names_of(len(self.edges))[i]

        def draw(n: int, *values: Tensor) -> Tensor:
            if len(values) != count:
                raise TypeError(
                    f"the recipe of {name} was given {len(values)} parents; it has {count}"
                )
            again = min(self.calls[i], len(self.eps) - 1)
            self.calls[i] += 1
            self.asked.add(n)
            enough = self.eps[again, i].repeat(-(-n // self.eps.shape[-1]))
            noise, centre = enough[:n], _centre(self.weights[i], self.biases[i], values)
            if self.binary[i]:
                return (
                    torch.special.ndtr(noise) < torch.as_tensor(centre, dtype=noise.dtype).sigmoid()
                ).to(noise.dtype)
            return centre + float(self.scales[i]) * noise

        return draw


@driver("graph/ancestral")
def ancestral(
    learner: Callable[..., Any],
    edges: Tensor,
    order: Tensor,
    weights: Tensor,
    biases: Tensor,
    scales: Tensor,
    binary: Tensor,
    eps: Tensor,
    n: int,
) -> dict[str, Any]:
    """One call of a sampler: the values it returns, how often it drew each node and how many values it asked for.

    Only the parent it could not find, where it looked one up that was not drawn yet.
    """
    recipes, names = _Recipes(edges, weights, biases, scales, binary, eps), names_of(len(edges))
    parents = parents_of(edges, order)
    draw = {name: recipes.recipe(names.index(name)) for name in parents}
    try:
        values = learner(parents, draw, n)
    except KeyError as error:
        missing = error.args[0] if error.args else None
        if missing in parents and missing in draw and not recipes.calls[names.index(missing)]:
            return {"too_early": str(missing)}
        raise
    return {"values": values, "calls": recipes.calls, "asked": sorted(recipes.asked)}


@problem("graph/densities")
def densities(
    edges: Tensor,
    order: Tensor,
    weights: Tensor,
    biases: Tensor,
    scales: Tensor,
    binary: Tensor,
    **values: Tensor,
) -> dict[str, Any]:
    """``parents``, ``log_prob`` and ``values``: a density for every node, entry by entry, and values ``(S, 1)`` or ``(S, N)``.

    Each of the three lists the nodes in an order of its own. A binary node has no state but 0 and 1.
    """
    names = names_of(len(edges))
    parents = parents_of(edges, order)

    def density(i: int) -> Callable[..., Tensor]:
        def log_prob(value: Tensor, *above: Tensor) -> Tensor:
            if len(above) != len(parents[names[i]]):
                raise TypeError(
                    f"the density of {names[i]} was given {len(above)} parents; it has {len(parents[names[i]])}"
                )
            centre = torch.as_tensor(_centre(weights[i], biases[i], above), dtype=value.dtype)
            if binary[i]:
                found = value * centre - torch.nn.functional.softplus(centre).expand_as(value)
                return found.masked_fill((value != 0) & (value != 1), -math.inf)
            return (
                -0.5 * ((value - centre) / scales[i]).square()
                - scales[i].log()
                - 0.5 * math.log(2 * math.pi)
            )

        return log_prob

    return {
        "parents": parents,
        "log_prob": {name: density(i) for i, name in enumerate(names)},
        "values": {name: values[name] for name in reversed(parents)},
        "learn": {},
    }


@driver("graph/blankets")
def blankets(learner: Callable[..., Any], edges: Tensor, order: Tensor, nodes: list[int]) -> Any:
    """The blankets of some nodes as rows of zeros and ones, ``(len(nodes), n)``; anything but names is reported by its type."""
    names, parents = names_of(len(edges)), parents_of(edges, order)
    rows = torch.zeros(len(nodes), len(names), dtype=torch.float64)
    for row, i in zip(rows, nodes, strict=True):
        found = learner(dict(parents), names[i])
        trouble = _no_names(found, names)
        if trouble:
            return {"$type": trouble}
        for name in found:
            row[names.index(name)] = 1.0
    return rows


@driver("graph/may_depend")
def may_depend(
    learner: Callable[..., Any],
    edges: Tensor,
    order: Tensor,
    nodes: list[int],
    known: list[list[int]],
) -> Any:
    """Who may depend on some nodes when others are known, as rows of zeros and ones, ``(len(nodes), n)``."""
    names, parents = names_of(len(edges)), parents_of(edges, order)
    rows = torch.zeros(len(nodes), len(names), dtype=torch.float64)
    for row, i, given in zip(rows, nodes, known, strict=True):
        found = learner(dict(parents), names[i], {names[j] for j in given})
        trouble = _no_names(found, names)
        if trouble:
            return {"$type": trouble}
        for name in found:
            row[names.index(name)] = 1.0
    return rows


def _no_names(found: Any, names: list[str]) -> str:
    """What keeps a result from being a set of names of nodes; empty if nothing does."""
    if not isinstance(found, (Set, list, tuple)) or not all(isinstance(n, str) for n in found):
        return f"{type(found).__name__} that is no set of names"
    strangers = [name for name in found if name not in names]
    return f"set with {strangers[0]!r} in it, which is no node" if strangers else ""
