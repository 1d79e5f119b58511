"""Graphs with latent and observed nodes, and which latents couple in the posterior's precision and in its factor L."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

__all__ = ["Case", "make_case", "precision", "random_case", "tables"]

Pairs = set[frozenset[int]]


class Case(NamedTuple):
    """A graph with numbers for nodes.

    Attributes:
        parents: of each node.
        order: the latents, in the order of z; all others are observed.
        names: of the nodes.
        listed: the order in which the learner's dictionary lists the nodes.
    """

    parents: list[tuple[int, ...]]
    order: list[int]
    names: list[str]
    listed: list[int]

    def sent(self) -> dict[str, object]:
        """As it travels to the learner's side."""
        named = {self.names[i]: [self.names[j] for j in self.parents[i]] for i in self.listed}
        return {"parents": named, "order": [self.names[i] for i in self.order]}


def make_case(
    rng: np.random.Generator,
    size: int,
    edges: list[tuple[int, int]],
    order: list[int],
    keep_order: bool = False,
) -> Case:
    """A case from edges (parent, child), under names and in a listing that nobody knows.

    Args:
        order: the latents; shuffled unless ``keep_order``.
    """
    parents = [
        tuple(int(p) for p in rng.permutation([p for p, c in edges if c == node]))
        for node in range(size)
    ]
    letters = rng.permutation(list("abcdefghijklmnopqrstuvwxyz"))
    names = [f"{letters[i % 26]}{i // 26 or ''}" for i in range(size)]
    chosen = list(order) if keep_order else [int(i) for i in rng.permutation(order)]
    return Case(parents, chosen, names, [int(i) for i in rng.permutation(size)])


def random_case(rng: np.random.Generator, size: int, share: float = 0.3) -> Case:
    """A random graph, about two thirds of it latent; every latent leads to something observed, a node of its own if need be."""
    rank = rng.permutation(size)
    edges = [
        (int(rank[i]), int(rank[j]))
        for i, j in combinations(range(size), 2)
        if rng.random() < share
    ]
    latent = [int(i) for i in rng.permutation(size)[: max(3, (2 * size) // 3)]]
    for node in latent:
        if not _below(edges, node) - set(latent):
            edges.append((node, size))
            size += 1
    return make_case(rng, size, edges, latent)


def _below(edges: list[tuple[int, int]], node: int) -> set[int]:
    """All descendants of a node."""
    found: set[int] = set()
    todo = [node]
    while todo:
        here = todo.pop()
        for parent, child in edges:
            if parent == here and child not in found:
                found.add(child)
                todo.append(child)
    return found


def _joined(case: Case) -> Pairs:
    return {frozenset((child, p)) for child, above in enumerate(case.parents) for p in above}


def _married(case: Case, children: set[int]) -> Pairs:
    """The pairs of parents of these children."""
    return {frozenset(pair) for child in children for pair in combinations(case.parents[child], 2)}


def _siblings(case: Case) -> Pairs:
    """The pairs of nodes with a common parent."""
    found: Pairs = set()
    for parent in range(len(case.parents)):
        below = [child for child, above in enumerate(case.parents) if parent in above]
        found |= {frozenset(pair) for pair in combinations(below, 2)}
    return found


def _table(pairs: Pairs, order: list[int]) -> np.ndarray:
    """A symmetric table of zeros and ones over the latents in their order."""
    found = np.zeros((len(order), len(order)))
    for i, j in combinations(range(len(order)), 2):
        if frozenset((order[i], order[j])) in pairs:
            found[i, j] = found[j, i] = 1.0
    return found


def _filled(table: np.ndarray) -> np.ndarray:
    """Elimination from first to last: the later neighbours of each become neighbours."""
    found = table.copy()
    for k in range(len(found)):
        later = [i for i in range(k + 1, len(found)) if found[i, k]]
        for i, j in combinations(later, 2):
            found[i, j] = found[j, i] = 1.0
    return found


def _connected(table: np.ndarray) -> np.ndarray:
    """Who is connected with whom at all."""
    found = table.copy()
    for _ in range(len(table)):
        found = np.minimum(found + found @ found, 1.0)
    return found - np.diag(np.diag(found))


def tables(case: Case) -> dict[str, np.ndarray]:
    """The pattern of L, ones in the strict lower triangle, and what one might take for it."""
    everyone, latent = set(range(len(case.parents))), set(case.order)
    joined = _joined(case)
    moral = joined | _married(case, everyone)
    hidden = sorted(everyone - latent)
    observed_too = _filled(_table(moral, [*hidden, *case.order]))[len(hidden) :, len(hidden) :]
    as_listed = [node for node in case.listed if node in latent]
    found = {
        "right": _filled(_table(moral, case.order)),
        "no_coparents": _filled(_table(joined, case.order)),
        "observed_children_only": _filled(
            _table(joined | _married(case, everyone - latent), case.order)
        ),
        "data_ignored": _filled(_table(joined | _married(case, latent), case.order)),
        "no_fill": _table(moral, case.order),
        "no_fill_no_coparents": _table(joined, case.order),
        "other_convention": _filled(_table(moral, case.order)[::-1, ::-1])[::-1, ::-1],
        "covariance": _connected(_table(moral, case.order)),
        "observed_not_removed": observed_too,
        "siblings": _filled(_table(moral | _siblings(case), case.order)),
        "order_of_the_dictionary": _filled(_table(moral, as_listed)),
        "everything": np.ones((len(case.order),) * 2),
    }
    lower = {name: np.tril(table, -1) for name, table in found.items()}
    return {
        **lower,
        "upper": lower["right"].T,
        "both_triangles": lower["right"] + lower["right"].T,
        "diagonal_too": lower["right"] + np.eye(len(case.order)),
    }


def precision(case: Case, rng: np.random.Generator) -> np.ndarray:
    """The posterior's precision in the order of z, for a linear Gaussian model with this graph and generic coefficients."""
    size = len(case.parents)
    weights = np.zeros((size, size))
    for child, above in enumerate(case.parents):
        for parent in above:
            weights[child, parent] = rng.uniform(0.5, 1.5) * rng.choice([-1, 1])
    root = (np.eye(size) - weights) / np.exp(rng.uniform(-0.4, 0.4, size))[:, None]
    whole = root.T @ root
    return np.asarray(whole[np.ix_(case.order, case.order)])
