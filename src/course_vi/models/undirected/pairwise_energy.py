r"""Undirected models: one pairwise energy on binary variables, which three literatures gave three names.

.. math:: p(x) = \frac{e^{-E(x)}}{Z}, \qquad E(x) = -\tfrac12 x^\top W x - b^\top x, \qquad Z = \sum_x e^{-E(x)}

Over :math:`\{-1, 1\}^n` it is the **Ising model**; over :math:`\{0, 1\}^n` the **fully visible Boltzmann machine**; named by its
conditionals, which are logistic regressions on the other variables, the **auto-logit** model. There is no recipe for drawing
x, and Z sums :math:`2^n` terms: the likelihood of the *parameters* is out of reach too (doubly intractable with a prior on them).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_vi import validate

__all__ = ["BoltzmannMachine", "IsingModel", "PairwiseEnergy", "auto_logit", "grid_neighbours"]

MOST = 20  # variables that we enumerate: a million states


class PairwiseEnergy(nn.Module):
    r"""Binary variables with pairwise energies. There are no latents, so this is no ``Model``; the exact answers are by enumeration.

    Args:
        weights: W, ``(n, n)``, symmetric with a zero diagonal. Only its symmetric part is ever used.
        biases: b, ``(n,)``.

    Attributes:
        low, high: the two values that a variable can take.
    """

    low: float
    high: float

    def __init__(self, weights: Tensor, biases: Tensor) -> None:
        super().__init__()
        n = biases.shape[-1]
        if weights.shape != (n, n) or biases.dim() != 1:
            raise ValueError(
                f"weights and biases have shapes {tuple(weights.shape)} and {tuple(biases.shape)}; expected (n, n) and (n,)"
            )
        if not torch.allclose(weights, weights.mT) or bool((weights.diagonal() != 0).any()):
            raise ValueError(
                "weights is not symmetric with a zero diagonal; expected one number for each pair"
            )
        self.data_dim = n
        self.weights, self.biases = nn.Parameter(weights.clone()), nn.Parameter(biases.clone())

    def _pairs(self) -> Tensor:
        symmetric = (self.weights + self.weights.mT) / 2
        return symmetric - torch.diag(symmetric.diagonal())

    def energy(self, x: Tensor) -> Tensor:
        """E(x), ``(*B)`` for ``x: (*B, n)``."""
        validate.event_size("x", x, self.data_dim)
        if not bool(((x == self.low) | (x == self.high)).all()):
            raise ValueError(f"x has entries other than {self.low:g} and {self.high:g}")
        return -0.5 * ((x @ self._pairs()) * x).sum(-1) - x @ self.biases

    def states(self) -> Tensor:
        """All of them, ``(2^n, n)``; the first variable changes slowest."""
        if self.data_dim > MOST:
            raise ValueError(
                f"there are {self.data_dim} variables; expected {MOST} or fewer for an enumeration of 2^n states"
            )
        place = torch.arange(self.data_dim - 1, -1, -1, device=self.biases.device)
        bits = (
            torch.arange(2**self.data_dim, device=self.biases.device).unsqueeze(-1) >> place
        ) & 1
        return self.low + (self.high - self.low) * bits.to(self.biases.dtype)

    def log_partition(self) -> Tensor:
        """log Z, a number, by enumeration; differentiable, with the mean of x as its slope in b."""
        return (-self.energy(self.states())).logsumexp(0)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x), ``(*B)``, exact."""
        return -self.energy(x) - self.log_partition()

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Exact and independent draws ``(n, data_dim)``, by enumeration."""
        validate.positive_integer("n", n)
        with torch.no_grad():
            states = self.states()
            index = torch.multinomial(
                (-self.energy(states)).softmax(0), n, replacement=True, generator=generator
            )
            return states[index]

    def conditional_logits(self, x: Tensor) -> Tensor:
        r"""log odds of :math:`x_i` = high given all others, ``(*B, n)``: linear in the others, and free of Z."""
        validate.event_size("x", x, self.data_dim)
        return (self.high - self.low) * (x @ self._pairs() + self.biases)

    def gibbs(self, x: Tensor, sweeps: int, generator: torch.Generator | None = None) -> Tensor:
        """``sweeps`` rounds of redrawing every variable given the others, from ``x: (*B, n)``: a Markov chain that keeps p."""
        validate.positive_integer("sweeps", sweeps)
        with torch.no_grad():
            x, pairs = x.clone(), self._pairs()
            for _ in range(sweeps):
                for i in range(self.data_dim):
                    odds = (self.high - self.low) * (x @ pairs[i] + self.biases[i])
                    x[..., i] = self.low + (self.high - self.low) * torch.bernoulli(
                        odds.sigmoid(), generator=generator
                    )
            return x

    def extra_repr(self) -> str:
        return f"data_dim={self.data_dim}"


class BoltzmannMachine(PairwiseEnergy):
    """Values 0 and 1, fully visible.

    >>> coupled = BoltzmannMachine(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), torch.zeros(2))
    >>> coupled.log_partition().exp()                                  # 1 + 1 + 1 + e
    tensor(5.7183, grad_fn=<ExpBackward0>)
    """

    low, high = 0.0, 1.0


class IsingModel(PairwiseEnergy):
    r"""Spins -1 and 1: :math:`E(s) = -\sum_{i<j} J_{ij} s_i s_j - \sum_i h_i s_i`.

    >>> magnet = IsingModel(0.4 * grid_neighbours(3, 3), torch.zeros(9))
    >>> magnet.log_prob(torch.ones(9)) > magnet.log_prob(torch.tensor([1.0, -1] * 4 + [1]))
    tensor(True)
    """

    low, high = -1.0, 1.0

    def as_boltzmann(self) -> BoltzmannMachine:
        r"""The same distribution of x = (s + 1) / 2: :math:`W = 4J,\ b = 2h - 2J\mathbf 1`."""
        pairs = self._pairs().detach()
        return BoltzmannMachine(4 * pairs, 2 * self.biases.detach() - 2 * pairs.sum(-1))


def auto_logit(intercepts: Tensor, slopes: Tensor) -> BoltzmannMachine:
    r"""The joint whose conditionals are logistic regressions.

    .. math:: p(x_i = 1 \mid \text{rest}) = \mathrm{sigmoid}(a_i + \sum_j c_{ij} x_j)

    Such conditionals belong to a joint distribution only if :math:`c_{ij} = c_{ji}`; then it is the Boltzmann machine with these
    numbers (Besag, "Spatial interaction and the statistical analysis of lattice systems", JRSS B 1974).

    Args:
        intercepts: a, ``(n,)``.
        slopes: c, ``(n, n)`` with a zero diagonal.
    """
    if not torch.allclose(slopes, slopes.mT):
        raise ValueError("slopes is not symmetric: no joint distribution has these conditionals")
    return BoltzmannMachine(slopes, intercepts)


def grid_neighbours(rows: int, columns: int) -> Tensor:
    """Which sites of a grid are neighbours: ``(n, n)`` zeros and ones, row by row, without wrapping around.

    >>> grid_neighbours(1, 3)
    tensor([[0., 1., 0.],
            [1., 0., 1.],
            [0., 1., 0.]])
    """
    validate.positive_integer("rows", rows)
    validate.positive_integer("columns", columns)
    site = torch.arange(rows * columns).view(rows, columns)
    pairs = torch.cat(
        [
            torch.stack([site[:, :-1].flatten(), site[:, 1:].flatten()]),
            torch.stack([site[:-1].flatten(), site[1:].flatten()]),
        ],
        -1,
    )
    near = torch.zeros(rows * columns, rows * columns)
    near[pairs[0], pairs[1]] = near[pairs[1], pairs[0]] = 1.0
    return near
