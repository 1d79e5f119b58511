r"""A Gaussian whose precision has zeros where the posterior has them: conditional independence as a family.

.. math:: \Lambda = L L^\top, \qquad z = \mu + L^{-\top} \epsilon, \qquad
          \log q(z) = -\tfrac12 \lVert L^\top (z - \mu) \rVert^2 + \sum_d \log L_{dd} - \tfrac D2 \log 2\pi

L is lower triangular and sparse, in the order of the latents: it is the Cholesky factor of the *precision*, so q is
``MultivariateNormal(loc, precision_matrix=L @ L.mT)``. (:math:`\mu + L^{-1}\epsilon` would have precision :math:`L^\top L`, which has
other zeros.) The density needs one sparse product, the sample one sparse triangular solve.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from course_vi.distributions.density import HALF_LOG_TWO_PI, Transported, broadcast

__all__ = ["SolvePlan", "SparseNormal"]


BLOCK = 32


class SolvePlan:
    """How to solve with L block by block: which entries lie in the diagonal blocks, and which couple one block with another."""

    def __init__(self, dim: int, pattern: Tensor) -> None:
        self.dim, self.size, self.count = dim, min(dim, BLOCK), -(-dim // BLOCK)
        self.rows, self.columns = pattern
        row_block, column_block = self.rows // self.size, self.columns // self.size
        self.inside = (row_block == column_block).nonzero()[:, 0]
        inner_row, inner_column = self.rows % self.size, self.columns % self.size
        self.places = ((row_block * self.size + inner_row) * self.size + inner_column)[self.inside]
        self.diagonal = torch.arange(self.count * self.size) * self.size + torch.arange(
            self.size
        ).repeat(self.count)
        between = (row_block != column_block).nonzero()[:, 0]
        self.between = between[
            torch.argsort(row_block[between] * self.count + column_block[between], stable=True)
        ]
        blocks, counts = torch.unique_consecutive(
            torch.stack([row_block, column_block])[:, self.between], dim=1, return_counts=True
        )
        self.counts = counts.tolist()
        self.pairs: list[list[tuple[int, int]]] = [
            [] for _ in range(self.count)
        ]  # by row block: (column block, which pair)
        for number, (k, m) in enumerate(blocks.T.tolist()):
            self.pairs[k].append((m, number))
        self.row_of, self.column_of = (
            list(v[self.between].split(self.counts)) for v in (inner_row, inner_column)
        )

    def to(self, device: torch.device) -> SolvePlan:
        if device == self.rows.device:
            return self
        moved = object.__new__(SolvePlan)
        for name, value in vars(self).items():
            many = isinstance(value, list) and value and isinstance(value[0], Tensor)
            setattr(
                moved,
                name,
                value.to(device)
                if isinstance(value, Tensor)
                else [v.to(device) for v in value]
                if many
                else value,
            )
        return moved


class SparseNormal(Transported):
    r"""The normal with precision :math:`L L^\top`, from the numbers in a sparse L. See the head of this file for its formulas.

    Args:
        loc: means, ``(*B, D)``.
        log_scale: minus the logarithms of L's diagonal, ``(*B, D)``. ``exp(log_scale[d])`` is the standard deviation of z_d *given*
            the latents after it.
        entries: L below its diagonal, ``(*B, E)``, in the order of the plan's pattern.
        plan: made by ``SparsePrecision``.
    """

    def __init__(self, loc: Tensor, log_scale: Tensor, entries: Tensor, plan: SolvePlan) -> None:
        self.log_scale, self.entries, self.plan = log_scale, entries, plan
        super().__init__(
            loc, broadcast(loc.shape[:-1], log_scale.shape[:-1], entries.shape[:-1]), loc.shape[-1]
        )

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
            rows = (
                todo[k].unsqueeze(-2) if batch or todo[k].dim() == 1 else todo[k]
            )  # y' L = eps', row by row
            block = torch.linalg.solve_triangular(blocks[k], rows, upper=False, left=False)
            block = block.squeeze(-2) if batch or todo[k].dim() == 1 else block
            for m, pair in plan.pairs[k]:
                push = between[pair] * block[..., plan.row_of[pair]]
                todo[m] = todo[m].index_add(-1, plan.column_of[pair], push, alpha=-1)
            done.append(block)
        return self.loc + torch.cat(done[::-1], -1)[..., : plan.dim]

    def log_prob(self, value: Tensor) -> Tensor:
        standardized = self._root_times(value - self.loc)
        return (
            -0.5 * standardized.square().sum(-1)
            - self.log_scale.sum(-1)
            - self.loc.shape[-1] * HALF_LOG_TWO_PI
        )

    def entropy(self) -> Tensor:
        return self.log_scale.sum(-1).expand(self._batch_shape) + self.loc.shape[-1] * (
            0.5 + HALF_LOG_TWO_PI
        )

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
        return SparseNormal(
            self.loc.detach(), self.log_scale.detach(), self.entries.detach(), self.plan
        )

    def _root_times(self, difference: Tensor) -> Tensor:
        """L' v, ``(*B, D)``: entry (i, j) of L carries v_i to place j."""
        scaled = difference * (-self.log_scale).exp()
        carried = self.entries * difference[..., self.plan.rows]
        batch = broadcast(scaled.shape[:-1], carried.shape[:-1])
        return scaled.expand(*batch, -1).index_add(
            -1, self.plan.columns, carried.expand(*batch, -1)
        )

    def _diagonal_blocks(self) -> Tensor:
        """The blocks of L on its diagonal, dense, ``(*B, D / 32, 32, 32)``; the last one is filled up with ones."""
        plan, batch = self.plan, self._batch_shape
        diagonal = pad((-self.log_scale).exp(), (0, plan.count * plan.size - plan.dim), value=1.0)
        empty = torch.zeros(
            *batch, plan.count * plan.size**2, dtype=self.loc.dtype, device=self.loc.device
        )
        filled = empty.index_add(-1, plan.diagonal, diagonal.expand(*batch, -1))
        filled = filled.index_add(
            -1, plan.places, self.entries[..., plan.inside].expand(*batch, -1)
        )
        return filled.unflatten(-1, (plan.count, plan.size, plan.size))

    def _dense_root(self) -> Tensor:
        dim, batch = self.plan.dim, self._batch_shape
        empty = torch.zeros(*batch, dim * dim, dtype=self.loc.dtype, device=self.loc.device)
        below = empty.index_add(
            -1, self.plan.rows * dim + self.plan.columns, self.entries.expand(*batch, -1)
        )
        return below.unflatten(-1, (dim, dim)) + torch.diag_embed((-self.log_scale).exp())
