r"""Exponential random graphs: a whole network is one datum, and its statistics say how likely it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.exact import enumerate_binary

__all__ = ["STATISTICS", "ExponentialRandomGraph"]

MOST = 6  # nodes whose graphs we enumerate: fifteen pairs, 32,768 graphs


def _stars(k: int) -> Callable[[Tensor], Tensor]:
    """The number of k-stars, a node with k of its neighbours: the sum over nodes of (degree choose k)."""

    def count(adjacency: Tensor) -> Tensor:
        degree = adjacency.sum(-1)
        ways = torch.ones_like(degree)
        for i in range(k):
            ways = ways * (degree - i) / (i + 1)
        return ways.sum(-1)

    return count


#: Statistics by name, each a function from adjacency matrices ``(*B, n, n)`` to ``(*B)``.
STATISTICS: dict[str, Callable[[Tensor], Tensor]] = {
    "edges": lambda a: a.sum((-2, -1)) / 2,
    "two_stars": _stars(2),
    "three_stars": _stars(3),
    "triangles": lambda a: (a @ a * a).sum((-2, -1)) / 6,
}


class ExponentialRandomGraph(nn.Module):
    r"""Undirected graphs on n labelled nodes.

    .. math:: p_\theta(x) = \frac{\exp(\theta^\top s(x))}{Z(\theta)}, \qquad Z(\theta) = \sum_{x} \exp(\theta^\top s(x)),

    where x are the :math:`n(n-1)/2` edge indicators and s counts edges, stars, triangles. With edges alone every pair is a coin of its
    own; a triangle makes them depend. Z sums :math:`2^{n(n-1)/2}` graphs, so ``log_prob`` is exact up to six nodes and refused above;
    ``gibbs`` needs no Z and works for any n. There are no latents, so this is no ``Model``.

    Args:
        nodes: n, at least 2.
        statistics: names from ``STATISTICS``, or a mapping from names to functions ``(*B, n, n) -> (*B)`` of the adjacency matrix.
        parameters: :math:`\theta`, one number for each statistic; zeros (all graphs equally likely) by default.

    Source: Frank and Strauss, "Markov graphs", JASA 1986.

    >>> friends = ExponentialRandomGraph(3, ("edges", "triangles"), torch.tensor([0.0, 1.0]))
    >>> friends.log_partition().exp()                                  # seven graphs, and e for the triangle
    tensor(9.7183, grad_fn=<ExpBackward0>)
    """

    def __init__(
        self,
        nodes: int,
        statistics: Sequence[str] | Mapping[str, Callable[[Tensor], Tensor]] = (
            "edges",
            "triangles",
        ),
        parameters: Tensor | None = None,
    ) -> None:
        super().__init__()
        validate.positive_integer("nodes", nodes)
        if nodes < 2:
            raise ValueError(f"nodes is {nodes}; expected at least 2, to have a pair")
        if not isinstance(statistics, Mapping):
            for name in statistics:
                validate.one_of("statistics", name, tuple(STATISTICS))
            statistics = {name: STATISTICS[name] for name in statistics}
        self.statistics = dict(statistics)
        count = len(self.statistics)
        values = torch.zeros(count) if parameters is None else parameters
        if values.shape != (count,) or not count:
            raise ValueError(
                f"parameters has shape {tuple(values.shape)}; expected ({count},), one number for each of "
                f"{', '.join(self.statistics)}"
            )
        validate.finite("parameters", values)
        self.nodes, self.data_dim = nodes, nodes * (nodes - 1) // 2
        self.theta = nn.Parameter(values.clone())
        self.rows, self.columns = torch.triu_indices(nodes, nodes, 1).tolist()

    def adjacency(self, x: Tensor) -> Tensor:
        """Edge indicators ``(*B, n(n-1)/2)``, pairs in the order (0,1), (0,2), ..., as symmetric matrices ``(*B, n, n)``."""
        validate.event_size("x", x, self.data_dim)
        if not bool(((x == 0) | (x == 1)).all()):
            raise ValueError("x has entries other than 0 and 1")
        return self._adjacency(x)

    def _adjacency(self, x: Tensor) -> Tensor:
        matrix = x.new_zeros(*x.shape[:-1], self.nodes, self.nodes)
        matrix[..., self.rows, self.columns] = x
        return matrix + matrix.mT

    def sufficient_statistics(self, x: Tensor) -> Tensor:
        """s(x), ``(*B, S)``."""
        return self._statistics(self.adjacency(x.to(self.theta)))

    def _statistics(self, adjacency: Tensor) -> Tensor:
        return torch.stack([count(adjacency) for count in self.statistics.values()], -1)

    def energy(self, x: Tensor) -> Tensor:
        r""":math:`-\theta^\top s(x)`, ``(*B)``."""
        return -(self.sufficient_statistics(x) @ self.theta)

    def states(self) -> Tensor:
        """All graphs, ``(2^(n(n-1)/2), n(n-1)/2)``, the empty one first."""
        if self.nodes > MOST:
            raise ValueError(
                f"there are {self.nodes} nodes, that is 2^{self.data_dim} graphs; expected {MOST} nodes or fewer for an "
                "enumeration. Use gibbs"
            )
        return enumerate_binary(self.data_dim, like=self.theta.detach())

    def log_partition(self) -> Tensor:
        """log Z, a number, by enumeration; differentiable, with the mean statistics as its slope."""
        return (-self.energy(self.states())).logsumexp(0)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x), ``(*B)``, exact."""
        return -self.energy(x) - self.log_partition()

    def mean_statistics(self) -> Tensor:
        """E s(x), ``(S,)``, by enumeration: maximum likelihood equates it with the statistics that were seen."""
        with torch.no_grad():
            statistics = self.sufficient_statistics(self.states())
            return (statistics @ self.theta).softmax(0) @ statistics

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Exact and independent draws ``(n, data_dim)``, by enumeration."""
        validate.positive_integer("n", n)
        with torch.no_grad():
            states = self.states()
            return states[
                torch.multinomial(
                    (-self.energy(states)).softmax(0), n, replacement=True, generator=generator
                )
            ]

    def change_statistics(self, x: Tensor, pair: int) -> Tensor:
        """s(x with the edge) - s(x without it), ``(*B, S)``: what one pair adds, the others given."""
        both = x.to(self.theta).unsqueeze(0).repeat(2, *(1,) * x.dim())
        both[0, ..., pair], both[1, ..., pair] = 1.0, 0.0
        present, absent = self._statistics(self._adjacency(both))
        return present - absent

    def gibbs(self, x: Tensor, sweeps: int, generator: torch.Generator | None = None) -> Tensor:
        r"""``sweeps`` rounds of redrawing every pair given the others, from ``x: (*B, data_dim)``: a Markov chain that keeps p.

        .. math:: \log \frac{p(x_{ij} = 1 \mid \text{rest})}{p(x_{ij} = 0 \mid \text{rest})} = \theta^\top \Delta_{ij} s(x)

        Strong triangles make two modes, nearly empty and nearly full, between which it hardly ever moves.
        """
        validate.positive_integer("sweeps", sweeps)
        self.adjacency(x)
        with torch.no_grad():
            x = x.to(self.theta).clone()
            for _ in range(sweeps):
                for pair in range(self.data_dim):
                    odds = self.change_statistics(x, pair) @ self.theta
                    x[..., pair] = torch.bernoulli(odds.sigmoid(), generator=generator)
            return x

    def extra_repr(self) -> str:
        return f"nodes={self.nodes}, statistics={tuple(self.statistics)}"
