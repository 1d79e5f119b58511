r"""Three Gaussians that know how to be frozen.

``torch.distributions`` has no ``detach``. These have one, and it is cheap: a second distribution that shares the numbers
but not the graph. They also name the map from noise to sample, ``transport``, so that an estimator can draw the noise
itself and a test can fix it. Arguments are not validated on each call, which keeps them usable under ``torch.func.vmap``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.distributions.kl import register_kl

from course_vi.distributions.density import HALF_LOG_TWO_PI, Transported, broadcast

__all__ = ["CholeskyNormal", "DiagonalNormal", "FactorNormal", "as_density"]


class DiagonalNormal(Transported):
    r"""Independent normals, :math:`z = \mu + \sigma \odot \epsilon`.

    .. math:: \log q(z) = -\tfrac12 \sum_d \Big(\frac{z_d - \mu_d}{\sigma_d}\Big)^2 - \sum_d \log \sigma_d - \tfrac D2 \log 2\pi

    Args:
        loc: means, ``(*B, D)``.
        log_scale: logarithms of the *standard deviations*, ``(*B, D)``.

    >>> q = DiagonalNormal(torch.zeros(2), torch.zeros(2))
    >>> q.log_prob(torch.zeros(3, 2)).shape, round(q.log_prob(torch.zeros(2)).item(), 4)
    (torch.Size([3]), -1.8379)
    """

    def __init__(self, loc: Tensor, log_scale: Tensor) -> None:
        if (
            loc.shape[-1:] != log_scale.shape[-1:]
        ):  # one number for all coordinates still counts D times
            loc, log_scale = torch.broadcast_tensors(loc, log_scale)
        self.log_scale = log_scale
        batch = broadcast(loc.shape, log_scale.shape)[:-1]
        super().__init__(loc, batch, loc.shape[-1])

    @property
    def stddev(self) -> Tensor:
        return self.log_scale.exp().expand(self._batch_shape + self._event_shape)

    @property
    def variance(self) -> Tensor:
        return self.stddev.square()

    def transport(self, eps: Tensor) -> Tensor:
        """z = loc + scale * eps, ``(K, *B, D)`` from noise of the same shape."""
        return self.loc + self.log_scale.exp() * eps

    def log_prob(self, value: Tensor) -> Tensor:
        standardized = (value - self.loc) * (-self.log_scale).exp()
        constant = self.loc.shape[-1] * HALF_LOG_TWO_PI
        return -0.5 * standardized.square().sum(-1) - self.log_scale.sum(-1) - constant

    def entropy(self) -> Tensor:
        return self.log_scale.sum(-1).expand(self._batch_shape) + self.loc.shape[-1] * (
            0.5 + HALF_LOG_TWO_PI
        )

    def detach(self) -> DiagonalNormal:
        return DiagonalNormal(self.loc.detach(), self.log_scale.detach())


class CholeskyNormal(Transported):
    r"""A normal with any covariance, :math:`z = \mu + L \epsilon`, L lower triangular with a positive diagonal.

    .. math:: \log q(z) = -\tfrac12 \lVert L^{-1}(z - \mu) \rVert^2 - \sum_d \log L_{dd} - \tfrac D2 \log 2\pi

    Args:
        loc: means, ``(*B, D)``.
        scale_tril: the Cholesky factor of the covariance, ``(*B, D, D)``.

    >>> CholeskyNormal(torch.zeros(2), torch.eye(2)).log_prob(torch.ones(2))
    tensor(-2.8379)
    """

    def __init__(self, loc: Tensor, scale_tril: Tensor) -> None:
        self.scale_tril = scale_tril
        batch = broadcast(loc.shape[:-1], scale_tril.shape[:-2])
        super().__init__(loc, batch, loc.shape[-1])

    @property
    def variance(self) -> Tensor:
        diagonal = self.scale_tril.square().sum(-1)
        return diagonal.expand(self._batch_shape + self._event_shape)

    @property
    def covariance_matrix(self) -> Tensor:
        return self.scale_tril @ self.scale_tril.mT

    def transport(self, eps: Tensor) -> Tensor:
        """z = loc + L eps, ``(K, *B, D)`` from noise of the same shape."""
        return self.loc + (self.scale_tril @ eps.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        standardized = _solve_rows(self.scale_tril, value - self.loc)
        log_diagonal = self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return (
            -0.5 * standardized.square().sum(-1)
            - log_diagonal
            - self.loc.shape[-1] * HALF_LOG_TWO_PI
        )

    def entropy(self) -> Tensor:
        log_diagonal = self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return log_diagonal.expand(self._batch_shape) + self.loc.shape[-1] * (0.5 + HALF_LOG_TWO_PI)

    def detach(self) -> CholeskyNormal:
        return CholeskyNormal(self.loc.detach(), self.scale_tril.detach())


class FactorNormal(Transported):
    r"""A normal with factor covariance, :math:`\Sigma = \mathrm{diag}(\sigma^2) + B B^\top`, never formed.

    .. math:: z = \mu + B \epsilon_1 + \sigma \odot \epsilon_2, \qquad
              \Sigma^{-1} = D^{-1} - D^{-1} B M^{-1} B^\top D^{-1}, \quad
              D = \mathrm{diag}(\sigma^2), \quad M = I_r + B^\top D^{-1} B.

    The second line is Woodbury's identity; with it the density costs :math:`O(D r^2)` time and :math:`O(D r)` memory. It is computed by an
    orthogonal factorization, which keeps its digits where :math:`\sigma` is far below B or the columns of B are nearly equal.

    Args:
        loc: means, ``(*B, D)``.
        log_scale: logarithms of :math:`\sigma` (the seed writes ``diag(d)``; it is ``diag(d**2)``), ``(*B, D)``.
        factor: the matrix B, ``(*B, D, r)``.

    Noise has ``r + D`` entries: first the ones for the factor, then the ones for the diagonal.
    """

    def __init__(self, loc: Tensor, log_scale: Tensor, factor: Tensor) -> None:
        self.log_scale, self.factor = log_scale, factor
        batch = broadcast(loc.shape[:-1], log_scale.shape[:-1], factor.shape[:-2])
        super().__init__(loc, batch, factor.shape[-1] + loc.shape[-1])

    @property
    def variance(self) -> Tensor:
        return (2 * self.log_scale).exp() + self.factor.square().sum(-1)

    @property
    def covariance_matrix(self) -> Tensor:
        """Dense, for tests and small D only."""
        return torch.diag_embed((2 * self.log_scale).exp()) + self.factor @ self.factor.mT

    def transport(self, eps: Tensor) -> Tensor:
        """z = loc + B eps_1 + scale * eps_2, ``(K, *B, D)`` from noise ``(K, *B, r + D)``."""
        rank = self.factor.shape[-1]
        common = (self.factor @ eps[..., :rank].unsqueeze(-1)).squeeze(-1)
        return self.loc + common + self.log_scale.exp() * eps[..., rank:]

    def _orthogonal(self) -> tuple[Tensor, Tensor]:
        r"""[I; S] = Q R with S = D^{-1/2} B: the part Q_2 of Q beside S, and log |det R|.

        R'R is the M of Woodbury's identity, and Q_2 Q_2' is S M^{-1} S'. M itself is never formed: where D is tiny it would lose its
        I to rounding.
        """
        scaled = self.factor * (-self.log_scale).exp().unsqueeze(-1)
        rank = scaled.shape[-1]
        identity = torch.eye(rank, dtype=scaled.dtype, device=scaled.device)
        q, r = torch.linalg.qr(
            torch.cat([identity.expand(*scaled.shape[:-2], rank, rank), scaled], -2)
        )
        return q, r.diagonal(dim1=-2, dim2=-1).abs().log().sum(-1)

    def _residual(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """(I - QQ')[0; D^{-1/2} v], whose squared norm is v' Sigma^{-1} v with no difference of large numbers; and log |det R|."""
        q, log_det = self._orthogonal()
        rank = q.shape[-1]
        standardized = value * (-self.log_scale).exp()
        common = q[..., rank:, :].mT @ standardized.unsqueeze(-1)
        fitted = (q @ common).squeeze(-1)
        return torch.cat([-fitted[..., :rank], standardized - fitted[..., rank:]], -1), log_det

    def log_prob(self, value: Tensor) -> Tensor:
        residual, log_det = self._residual(value - self.loc)
        return (
            -0.5 * residual.square().sum(-1)
            - log_det
            - self.log_scale.sum(-1)
            - self.loc.shape[-1] * HALF_LOG_TWO_PI
        )

    def precision_times(self, value: Tensor) -> Tensor:
        """Sigma^{-1} v by Woodbury, for ``value: (..., D)``."""
        residual, _ = self._residual(value)
        return residual[..., self.factor.shape[-1] :] * (-self.log_scale).exp()

    def entropy(self) -> Tensor:
        half_log_det = self._orthogonal()[1] + self.log_scale.sum(-1)
        return half_log_det.expand(self._batch_shape) + self.loc.shape[-1] * (0.5 + HALF_LOG_TWO_PI)

    def detach(self) -> FactorNormal:
        return FactorNormal(self.loc.detach(), self.log_scale.detach(), self.factor.detach())


@register_kl(DiagonalNormal, DiagonalNormal)
def _kl_diagonal(q: DiagonalNormal, p: DiagonalNormal) -> Tensor:
    """KL(q || p) = sum_d [ log(s_p / s_q) + (s_q^2 + (m_q - m_p)^2) / (2 s_p^2) - 1/2 ]."""
    ratio = 2 * (q.log_scale - p.log_scale)
    shift = ((q.loc - p.loc) * (-p.log_scale).exp()).square()
    return 0.5 * (ratio.exp() + shift - 1 - ratio).sum(-1)


@register_kl(CholeskyNormal, DiagonalNormal)
@register_kl(FactorNormal, DiagonalNormal)
def _kl_to_diagonal(q: CholeskyNormal | FactorNormal, p: DiagonalNormal) -> Tensor:
    """KL(q || p) = -H(q) - log p(m_q) + sum_d Var_q[z_d] / (2 s_p^2): independent coordinates in p see the variances of q alone."""
    squares = (q.scale_tril if isinstance(q, CholeskyNormal) else q.factor).square().sum(-1)
    variance = squares if isinstance(q, CholeskyNormal) else squares + (2 * q.log_scale).exp()
    return 0.5 * (variance * (-2 * p.log_scale).exp()).sum(-1) - p.log_prob(q.loc) - q.entropy()


def _solve_rows(scale_tril: Tensor, rows: Tensor) -> Tensor:
    """L^{-1} v for every row v of ``(*K, *B, D)``: samples that share a factor ``(*B, D, D)`` are the columns of one solve."""
    batch = scale_tril.shape[:-2]
    shared = rows.dim() - 1 - len(batch)
    if shared < 1 or rows.shape[shared:-1] != batch:
        return torch.linalg.solve_triangular(scale_tril, rows.unsqueeze(-1), upper=False).squeeze(
            -1
        )
    columns = rows.flatten(0, shared - 1).movedim(0, -1)  # (*B, D, K)
    solved = torch.linalg.solve_triangular(scale_tril, columns, upper=False)
    return solved.movedim(-1, 0).unflatten(0, rows.shape[:shared])


def as_density(answer: Any) -> Any:
    """A diagonal normal for a tensor (means, then log scales, on the last axis); a distribution as it is."""
    return DiagonalNormal(*answer.chunk(2, -1)) if isinstance(answer, Tensor) else answer
