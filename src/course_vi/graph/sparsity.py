r"""Which latents couple in a posterior? The zeros of a precision matrix, read from the graph before any number is known.

In a Gaussian the entry (i, j) of the precision is zero exactly if i and j are independent given all other latents. A factor of the
joint couples all latents that it reads: the *moral graph* connects every node with its parents, and the parents of a common child
with each other. Factorizing the precision then fills in more: eliminating a latent connects all its remaining neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, product

import torch
from torch import Tensor

from course_vi import validate
from course_vi.graph.bayes_net import BayesNet

__all__ = ["banded", "fill_in", "full", "pattern_from_graph"]


def banded(dim: int, width: int = 1) -> Tensor:
    """The pattern of a chain: every latent couples with the next ``width`` ones. It fills in nothing.

    A chain of states with d entries each is a band of width 2 d - 1 (and some zeros, which cost little).

    >>> banded(4).tolist()
    [[1, 2, 3], [0, 1, 2]]
    """
    validate.positive_integer("dim", dim)
    validate.positive_integer("width", width)
    columns = torch.arange(dim).repeat_interleave(width)
    rows = columns + torch.arange(1, width + 1).repeat(dim)
    return torch.stack([rows, columns])[:, rows < dim]


def full(dim: int) -> Tensor:
    """The pattern without zeros, D (D - 1) / 2 entries: what an independence-free posterior needs."""
    validate.positive_integer("dim", dim)
    return banded(dim, max(dim - 1, 1))


def fill_in(pairs: Tensor | Iterable[tuple[int, int]], dim: int) -> Tensor:
    r"""The pattern of the Cholesky factor of a precision whose own pattern is ``pairs``: those, and what elimination adds.

    .. math:: \text{eliminate } j: \quad \text{the neighbours of } j \text{ that come later become neighbours of each other}

    Linear in the size of the answer. The answer depends on the order of the latents: a latent that couples with all others costs
    nothing at the end, and fills in everything at the start. So local latents come first, and global ones last.

    Args:
        pairs: couplings (i, j), in either order: pairs of numbers, or a tensor ``(2, P)``.
        dim: D, the number of latents.

    Returns:
        ``(2, E)``: rows i and columns j of the strict lower triangle (i > j), sorted by columns.

    Raises:
        ValueError: a pair that couples a latent with itself, or names one outside 0 .. D - 1.

    Source: Rose, Tarjan and Lueker, "Algorithmic aspects of vertex elimination on graphs", 1976.

    >>> fill_in([(0, 1), (0, 2), (0, 3)], 4).tolist()       # a star with its centre first: everything couples
    [[1, 2, 3, 2, 3, 3], [0, 0, 0, 1, 1, 2]]
    >>> fill_in([(3, 0), (3, 1), (3, 2)], 4).tolist()       # with its centre last: nothing is added
    [[3, 3, 3], [0, 1, 2]]
    """
    validate.positive_integer("dim", dim)
    later: list[set[int]] = [set() for _ in range(dim)]
    for i, j in pairs.T.tolist() if isinstance(pairs, Tensor) else pairs:
        if not (0 <= min(i, j) < max(i, j) < dim):
            raise ValueError(
                f"pairs has ({i}, {j}); expected two different latents from 0 to {dim - 1}"
            )
        later[min(i, j)].add(max(i, j))
    for neighbours in later:
        if neighbours:
            first = min(neighbours)
            later[first] |= neighbours - {first}
    entries = [(i, j) for j, neighbours in enumerate(later) for i in sorted(neighbours)]
    return torch.tensor(entries, dtype=torch.long).reshape(-1, 2).T


def pattern_from_graph(net: BayesNet, latent: Sequence[str]) -> Tensor:
    r"""The pattern of the Cholesky factor of the posterior's precision, from the moral graph of a ``graph.BayesNet``.

    Entries of z are those of the latent nodes, flattened, side by side in the order given (as in ``net.as_model``). For each copy of
    each node (one for each index of its plates), the node and its parents there form one factor, and all latents in it couple.
    It is the coarsest statement that the graph alone allows: inside an event, and between an event and a parent, everything couples.

    Args:
        net: the network. Nodes that are not in ``latent`` are taken as observed.
        latent: names, in the order of z. Local ones first, or much is filled in: see ``fill_in``.

    Returns:
        ``(2, E)``, as in ``fill_in``.

    Source: Lauritzen and Spiegelhalter, 1988, for the moral graph; Tan and Nott, 2018, for its use here.

    >>> from torch.distributions import Normal
    >>> from course_vi.graph import BayesNet
    >>> net = BayesNet(a=lambda: Normal(0.0, 1.0), b=lambda: Normal(0.0, 1.0), x=lambda a, b: Normal(a + b, 1.0))
    >>> pattern_from_graph(net, ["a", "b"]).tolist()        # independent a priori, coupled by their common child
    [[1], [0]]
    """
    places, dim = {}, 0
    for name in latent:
        if name not in net.recipes:
            raise ValueError(
                f"latent names {name}, which is no node; expected some of {', '.join(net.recipes)}"
            )
        size = net.shape(name).numel()
        places[name] = torch.arange(dim, dim + size).view(net.shape(name))
        dim += size
    pairs: set[tuple[int, int]] = set()
    for name in net.order:
        scope = [node for node in (name, *net.parents[name]) if node in places]
        for index in product(*(range(p.size) for p in net.plates[name])):
            here = {p.name: i for p, i in zip(net.plates[name], index, strict=True)}
            reads = [
                places[node][tuple(here.get(p.name, slice(None)) for p in net.plates[node])]
                .flatten()
                .tolist()
                for node in scope
            ]
            pairs.update(combinations(sorted(set().union(*reads)), 2))
    return fill_in(pairs, dim)
