r"""A Gaussian whose precision has zeros where the posterior has them; see ``distributions.sparse_normal`` for the density."""

from __future__ import annotations

import torch
from torch import Size, Tensor, nn

from course_vi import validate
from course_vi.distributions import SparseNormal, broadcast
from course_vi.distributions.sparse_normal import SolvePlan
from course_vi.families.gaussian import GaussianFamily

__all__ = ["SparsePrecision"]


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

    >>> from course_vi.graph.sparsity import banded
    >>> q = SparsePrecision(dim=10_000, pattern=banded(10_000))
    >>> q(None, q.sample(2)).shape      # a chain: no 10,000 x 10,000 matrix is formed
    torch.Size([2])
    >>> SparsePrecision(2, banded(2), entries=torch.tensor([-0.5])).distribution().precision_matrix.detach()
    tensor([[ 1.0000, -0.5000],
            [-0.5000,  1.2500]])
    """

    parameter_event_dims = {"loc": 1, "log_scale": 1, "entries": 1}

    def __init__(
        self,
        dim: int,
        pattern: Tensor,
        loc: Tensor | None = None,
        log_scale: Tensor | None = None,
        entries: Tensor | None = None,
    ) -> None:
        super().__init__(dim, loc, log_scale, entries)
        if (
            not isinstance(pattern, Tensor)
            or pattern.dim() != 2
            or len(pattern) != 2
            or pattern.is_floating_point()
        ):
            what = tuple(pattern.shape) if isinstance(pattern, Tensor) else type(pattern).__name__
            raise ValueError(
                f"pattern is {what}; expected whole numbers of shape (2, E): rows and columns"
            )
        rows, columns = pattern = pattern.detach().cpu().long()
        if not bool(((columns >= 0) & (columns < rows) & (rows < dim)).all()):
            raise ValueError(
                f"pattern has entries outside the strict lower triangle; expected {dim} > row > column >= 0"
            )
        if len(torch.unique(rows * dim + columns)) != len(rows):
            raise ValueError("pattern has an entry twice; expected each once")
        if entries is None:
            entries = self.loc.new_zeros(*self.loc.shape[:-1], len(rows))
        validate.event_size("entries", entries, len(rows))
        self.pattern, self._plans = pattern, {torch.device("cpu"): SolvePlan(dim, pattern)}
        self.entries = nn.Parameter(entries.detach().clone())

    @property
    def batch_shape(self) -> Size:
        return broadcast(super().batch_shape, self.entries.shape[:-1])

    def from_parameters(self, **parameters: Tensor) -> SparseNormal:  # type: ignore[override]
        device = parameters["loc"].device
        if device not in self._plans:
            self._plans[device] = self._plans[torch.device("cpu")].to(device)
        return SparseNormal(
            parameters["loc"], parameters["log_scale"], parameters["entries"], self._plans[device]
        )

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, entries={self.entries.shape[-1]}"
