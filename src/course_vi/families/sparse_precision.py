r"""A Gaussian whose precision has zeros where the posterior has them: conditional independence as a family.

.. math:: \Lambda = L L^\top, \qquad z = \mu + L^{-\top} \epsilon, \qquad
          \log q(z) = -\tfrac12 \lVert L^\top (z - \mu) \rVert^2 + \sum_d \log L_{dd} - \tfrac D2 \log 2\pi

L is lower triangular and sparse, in the order of the latents: it is the Cholesky factor of the *precision*, so q is
``MultivariateNormal(loc, precision_matrix=L @ L.mT)``. (:math:`\mu + L^{-1}\epsilon` would have precision :math:`L^\top L`, which has
other zeros.) The density needs one sparse product, the sample one sparse triangular solve.
"""

from __future__ import annotations

import torch
from torch import Size, Tensor, nn
from torch.nn.functional import pad

from course_vi import expect
from course_vi.distributions import HALF_LOG_TWO_PI, _Transported, broadcast
from course_vi.families.gaussian import GaussianFamily

__all__ = ["SparseNormal", "SparsePrecision"]

BLOCK = 32


class _Plan:
    """How to solve with L block by block: which entries lie in the diagonal blocks, and which couple one block with another."""

    def __init__(self, dim: int, pattern: Tensor) -> None:
        self.dim, self.size, self.count = dim, min(dim, BLOCK), -(-dim // BLOCK)
        self.rows, self.columns = pattern
        row_block, column_block = self.rows // self.size, self.columns // self.size
        self.inside = (row_block == column_block).nonzero()[:, 0]
        inner_row, inner_column = self.rows % self.size, self.columns % self.size
        self.places = ((row_block * self.size + inner_row) * self.size + inner_column)[self.inside]
        self.diagonal = torch.arange(self.count * self.size) * self.size + torch.arange(self.size).repeat(self.count)
        between = (row_block != column_block).nonzero()[:, 0]
        self.between = between[torch.argsort(row_block[between] * self.count + column_block[between], stable=True)]
        blocks, counts = torch.unique_consecutive(torch.stack([row_block, column_block])[:, self.between], dim=1, return_counts=True)
        self.counts = counts.tolist()
        self.pairs: list[list[tuple[int, int]]] = [[] for _ in range(self.count)]          # by row block: (column block, which pair)
        for number, (k, m) in enumerate(blocks.T.tolist()):
            self.pairs[k].append((m, number))
        self.row_of, self.column_of = (list(v[self.between].split(self.counts)) for v in (inner_row, inner_column))

    def to(self, device: torch.device) -> _Plan:
        if device == self.rows.device:
            return self
        moved = object.__new__(_Plan)
        for name, value in vars(self).items():
            many = isinstance(value, list) and value and isinstance(value[0], Tensor)
            setattr(moved, name, value.to(device) if isinstance(value, Tensor) else [v.to(device) for v in value] if many else value)
        return moved


class SparseNormal(_Transported):
    r"""The normal with precision :math:`L L^\top`, from the numbers in a sparse L. See the head of this file for its formulas.

    Args:
        loc: means, ``(*B, D)``.
        log_scale: minus the logarithms of L's diagonal, ``(*B, D)``. ``exp(log_scale[d])`` is the standard deviation of z_d *given*
            the latents after it.
        entries: L below its diagonal, ``(*B, E)``, in the order of the plan's pattern.
        plan: made by ``SparsePrecision``.
    """

    def __init__(self, loc: Tensor, log_scale: Tensor, entries: Tensor, plan: _Plan) -> None:
        self.log_scale, self.entries, self.plan = log_scale, entries, plan
        super().__init__(loc, broadcast(loc.shape[:-1], log_scale.shape[:-1], entries.shape[:-1]), loc.shape[-1])

    def transport(self, eps: Tensor) -> Tensor:
        r"""z = loc + L^{-T} eps, ``(K, *B, D)`` from noise of the same shape: back substitution, the last block of latents first.

        A block of 32 latents is solved densely; then its couplings are pushed to the earlier blocks. Time and memory are linear in
        D and in the number of entries.
        """
        plan, batch = self.plan, self._batch_shape
        shape = broadcast(eps.shape[:-1], batch)
        padded = pad(eps.expand(*shape, plan.dim), (0, plan.count * plan.size - plan.dim))
        todo = list(padded.unflatten(-1, (plan.count, plan.size)).unbind(-2))
        blocks = self._diagonal_blocks().unbind(-3)
        between = self.entries[..., plan.between].split(plan.counts, -1) if plan.counts else ()
        done: list[Tensor] = []
        for k in reversed(range(plan.count)):
            rows = todo[k].unsqueeze(-2) if batch or todo[k].dim() == 1 else todo[k]                 # y' L = eps', row by row
            block = torch.linalg.solve_triangular(blocks[k], rows, upper=False, left=False)
            block = block.squeeze(-2) if batch or todo[k].dim() == 1 else block
            for m, pair in plan.pairs[k]:
                push = between[pair] * block[..., plan.row_of[pair]]
                todo[m] = todo[m].index_add(-1, plan.column_of[pair], push, alpha=-1)
            done.append(block)
        return self.loc + torch.cat(done[::-1], -1)[..., : plan.dim]

    def log_prob(self, value: Tensor) -> Tensor:
        standardized = self._root_times(value - self.loc)
        return -0.5 * standardized.square().sum(-1) - self.log_scale.sum(-1) - self.loc.shape[-1] * HALF_LOG_TWO_PI

    def entropy(self) -> Tensor:
        return self.log_scale.sum(-1).expand(self._batch_shape) + self.loc.shape[-1] * (0.5 + HALF_LOG_TWO_PI)

    @property
    def precision_matrix(self) -> Tensor:
        """Dense, for tests and small D only."""
        root = self._dense_root()
        return root @ root.mT

    @property
    def covariance_matrix(self) -> Tensor:
        """Dense, for tests and small D only."""
        return torch.cholesky_inverse(self._dense_root())

    @property
    def variance(self) -> Tensor:
        """Marginal variances, by way of the dense covariance: small D only."""
        return self.covariance_matrix.diagonal(dim1=-2, dim2=-1)

    def detach(self) -> SparseNormal:
        return SparseNormal(self.loc.detach(), self.log_scale.detach(), self.entries.detach(), self.plan)

    def _root_times(self, difference: Tensor) -> Tensor:
        """L' v, ``(*B, D)``: entry (i, j) of L carries v_i to place j."""
        scaled = difference * (-self.log_scale).exp()
        carried = self.entries * difference[..., self.plan.rows]
        batch = broadcast(scaled.shape[:-1], carried.shape[:-1])
        return scaled.expand(*batch, -1).index_add(-1, self.plan.columns, carried.expand(*batch, -1))

    def _diagonal_blocks(self) -> Tensor:
        """The blocks of L on its diagonal, dense, ``(*B, D / 32, 32, 32)``; the last one is filled up with ones."""
        plan, batch = self.plan, self._batch_shape
        diagonal = pad((-self.log_scale).exp(), (0, plan.count * plan.size - plan.dim), value=1.0)
        empty = torch.zeros(*batch, plan.count * plan.size**2, dtype=self.loc.dtype, device=self.loc.device)
        filled = empty.index_add(-1, plan.diagonal, diagonal.expand(*batch, -1))
        filled = filled.index_add(-1, plan.places, self.entries[..., plan.inside].expand(*batch, -1))
        return filled.unflatten(-1, (plan.count, plan.size, plan.size))

    def _dense_root(self) -> Tensor:
        dim, batch = self.plan.dim, self._batch_shape
        empty = torch.zeros(*batch, dim * dim, dtype=self.loc.dtype, device=self.loc.device)
        below = empty.index_add(-1, self.plan.rows * dim + self.plan.columns, self.entries.expand(*batch, -1))
        return below.unflatten(-1, (dim, dim)) + torch.diag_embed((-self.log_scale).exp())


class SparsePrecision(GaussianFamily):
    r"""A Gaussian with a sparse precision, :math:`z = \mu + L^{-\top} \epsilon`: 2 D numbers, and one for each entry of the pattern.

    With the pattern of the posterior's Cholesky factor it contains the exact posterior of every linear Gaussian model with that graph;
    with an empty pattern it is ``MeanField``, with all pairs ``FullRank``.

    Args:
        dim: D.
        pattern: rows i and columns j of L's entries below its diagonal, ``(2, E)``, for instance from
            ``families.pattern_from_graph``, ``families.fill_in`` or ``families.banded``.
        loc: initial means, ``(*B, D)``; zeros by default.
        log_scale: initial logarithms of the standard deviations *given the latents that come after*, ``(*B, D)``; zeros by default.
            They are minus the logarithms of L's diagonal.
        entries: initial entries of L below its diagonal, ``(*B, E)``; zeros by default.

    Raises:
        ValueError: a pattern that is not in the strict lower triangle, or has an entry twice; a parameter of the wrong size.

    Source: Tan and Nott, "Gaussian variational approximation with sparse precision matrices", Statistics and Computing 2018.

    >>> from course_vi.families.pattern import banded
    >>> q = SparsePrecision(dim=10_000, pattern=banded(10_000))
    >>> q(None, q.sample(2)).shape      # a chain: no 10,000 x 10,000 matrix is formed
    torch.Size([2])
    >>> SparsePrecision(2, banded(2), entries=torch.tensor([-0.5])).distribution().precision_matrix.detach()
    tensor([[ 1.0000, -0.5000],
            [-0.5000,  1.2500]])
    """

    event_dims = {"loc": 1, "log_scale": 1, "entries": 1}

    def __init__(self, dim: int, pattern: Tensor, loc: Tensor | None = None, log_scale: Tensor | None = None,
                 entries: Tensor | None = None) -> None:
        super().__init__(dim, loc, log_scale, entries)
        if not isinstance(pattern, Tensor) or pattern.dim() != 2 or len(pattern) != 2 or pattern.is_floating_point():
            what = tuple(pattern.shape) if isinstance(pattern, Tensor) else type(pattern).__name__
            raise ValueError(f"pattern is {what}; expected whole numbers of shape (2, E): rows and columns")
        rows, columns = pattern = pattern.detach().cpu().long()
        if not bool(((columns >= 0) & (columns < rows) & (rows < dim)).all()):
            raise ValueError(f"pattern has entries outside the strict lower triangle; expected {dim} > row > column >= 0")
        if len(torch.unique(rows * dim + columns)) != len(rows):
            raise ValueError("pattern has an entry twice; expected each once")
        if entries is None:
            entries = self.loc.new_zeros(*self.loc.shape[:-1], len(rows))
        expect.event_size("entries", entries, len(rows))
        self.pattern, self._plans = pattern, {torch.device("cpu"): _Plan(dim, pattern)}
        self.entries = nn.Parameter(entries.detach().clone())

    @property
    def batch_shape(self) -> Size:
        return broadcast(super().batch_shape, self.entries.shape[:-1])

    def build(self, **parameters: Tensor) -> SparseNormal:                                     # type: ignore[override]
        device = parameters["loc"].device
        if device not in self._plans:
            self._plans[device] = self._plans[torch.device("cpu")].to(device)
        return SparseNormal(parameters["loc"], parameters["log_scale"], parameters["entries"], self._plans[device])
