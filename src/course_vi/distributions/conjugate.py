r"""Conjugate priors of the normal, in the coordinates in which learning from data is addition.

An exponential family :math:`p(\theta) \propto e^{\eta^\top T(\theta)}` that is conjugate to the likelihood has a posterior of the same
form, with :math:`\eta_{\text{posterior}} = \eta_{\text{prior}} + \sum_n s(x_n)`. All of mean field rests on this one line.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.special import digamma, multigammaln

__all__ = ["NormalGammaParameters", "NormalWishart", "dirichlet_kl", "dirichlet_log_normalizer"]


LOG_TWO_PI = math.log(2 * math.pi)


class NormalWishart(NamedTuple):
    r"""Mean and precision matrix of a normal, unknown together, in natural coordinates; a batch of C of them.

    .. math:: \Lambda \sim \mathrm{Wishart}(W, \nu), \quad \mu \mid \Lambda \sim N(m, (\beta \Lambda)^{-1}), \qquad
              \eta = (\beta,\; \beta m,\; W^{-1} + \beta m m^\top,\; \nu)

    Attributes:
        strength: :math:`\beta`, ``(C,)``.
        shift: :math:`\beta m`, ``(C, d)``.
        scatter: :math:`W^{-1} + \beta m m^\top`, ``(C, d, d)``.
        dof: :math:`\nu`, ``(C,)``, above d - 1.

    >>> prior = NormalWishart.of(torch.ones(1), torch.zeros(1, 1), torch.ones(1, 1, 1), torch.ones(1))
    >>> prior.plus(torch.ones(2, 1), torch.tensor([[1.0], [3.0]])).loc            # (0 + 1 + 3) / (1 + 2)
    tensor([[1.3333]])
    """

    strength: Tensor
    shift: Tensor
    scatter: Tensor
    dof: Tensor

    @staticmethod
    def of(strength: Tensor, loc: Tensor, inverse_scale: Tensor, dof: Tensor) -> NormalWishart:
        r"""From :math:`\beta, m, W^{-1}, \nu`."""
        square = strength[..., None, None] * loc.unsqueeze(-1) * loc.unsqueeze(-2)
        return NormalWishart(strength, strength.unsqueeze(-1) * loc, inverse_scale + square, dof)

    @property
    def loc(self) -> Tensor:
        """m, ``(C, d)``."""
        return self.shift / self.strength.unsqueeze(-1)

    @property
    def inverse_scale(self) -> Tensor:
        r""":math:`W^{-1}`, ``(C, d, d)``."""
        return (
            self.scatter
            - self.shift.unsqueeze(-1) * self.shift.unsqueeze(-2) / self.strength[..., None, None]
        )

    def plus(self, weights: Tensor, x: Tensor) -> NormalWishart:
        """The posterior after data ``x: (N, d)``, of which cluster c has seen ``weights[n, c]`` copies, ``weights: (*B, N, C)``."""
        counts = weights.sum(-2)
        return NormalWishart(
            self.strength + counts,
            self.shift + weights.mT @ x,
            self.scatter + torch.einsum("...nc,ni,nj->...cij", weights, x, x),
            self.dof + counts,
        )

    def blend(self, other: NormalWishart, rate: float) -> NormalWishart:
        r""":math:`(1 - \rho)\, \eta + \rho\, \eta'`: a natural-gradient step of size rho towards ``other``."""
        return NormalWishart(
            *((1 - rate) * mine + rate * theirs for mine, theirs in zip(self, other, strict=True))
        )

    def log_normalizer(self) -> Tensor:
        r""":math:`A(\eta)`, ``(C,)``: the log of the integral of the unnormalized density."""
        d = self.shift.shape[-1]
        half = 0.5 * self.dof
        log_det = 2 * self._root().diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return (
            0.5 * d * (LOG_TWO_PI - self.strength.log())
            - half * log_det
            + half * d * math.log(2)
            + multigammaln(half, d)
        )

    def expected_statistics(self) -> NormalWishart:
        r"""E of what each multiplies: :math:`-\tfrac12 \mu^\top\Lambda\mu,\ \Lambda\mu,\ -\tfrac12\Lambda,\ \tfrac12\log|\Lambda|`."""
        d, root = self.shift.shape[-1], self._root()
        precision = self.dof[..., None, None] * torch.cholesky_inverse(root)  # nu W
        times = (precision @ self.loc.unsqueeze(-1)).squeeze(-1)
        steps = torch.arange(d, dtype=root.dtype, device=root.device)
        log_det = (
            digamma(0.5 * (self.dof.unsqueeze(-1) - steps)).sum(-1)
            + d * math.log(2)
            - 2 * root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        )
        return NormalWishart(
            -0.5 * (d / self.strength + (self.loc * times).sum(-1)),
            times,
            -0.5 * precision,
            0.5 * log_det,
        )

    def kl(self, other: NormalWishart) -> Tensor:
        r"""KL(self || other) :math:`= (\eta - \eta')^\top \mathbb E\, T - A(\eta) + A(\eta')`, ``(C,)``."""
        gain = torch.zeros_like(self.strength)
        for mine, theirs, mean in zip(self, other, self.expected_statistics(), strict=True):
            gain = gain + ((mine - theirs) * mean).reshape(*self.strength.shape, -1).sum(-1)
        return gain - self.log_normalizer() + other.log_normalizer()

    def expected_log_density(self, x: Tensor) -> Tensor:
        r""":math:`\mathbb E \log N(x; \mu_c, \Lambda_c^{-1})`, ``(N, C)`` for ``x: (N, d)``."""
        d, root = x.shape[-1], self._root()
        off = (x.unsqueeze(-2) - self.loc).unsqueeze(-1)
        distance = (
            torch.linalg.solve_triangular(root, off, upper=False).squeeze(-1).square().sum(-1)
        )
        return self.expected_statistics().dof - 0.5 * (
            d / self.strength + self.dof * distance + d * LOG_TWO_PI
        )

    def _root(self) -> Tensor:
        inverse = self.inverse_scale
        root, failed = torch.linalg.cholesky_ex((inverse + inverse.mT) / 2)
        if bool(failed.any()):
            raise ValueError(
                "a scale matrix is no longer positive definite: the data lie so far from zero for their spread that the "
                "squares lose it to rounding; expected centred data, or float64"
            )
        return root


def dirichlet_log_normalizer(concentration: Tensor) -> Tensor:
    r""":math:`\sum_c \log\Gamma(\alpha_c) - \log\Gamma(\sum_c \alpha_c)`, ``(*B)`` for ``(*B, C)``."""
    return torch.lgamma(concentration).sum(-1) - torch.lgamma(concentration.sum(-1))


def dirichlet_kl(concentration: Tensor, other: Tensor) -> Tensor:
    """KL between two Dirichlets, ``(*B)``."""
    expected = digamma(concentration) - digamma(concentration.sum(-1, keepdim=True))
    return (
        ((concentration - other) * expected).sum(-1)
        - dirichlet_log_normalizer(concentration)
        + dirichlet_log_normalizer(other)
    )


class NormalGammaParameters(NamedTuple):
    r"""m, :math:`\lambda`, a and b of :math:`\mu \mid \tau \sim N(m, 1/(\lambda\tau)),\ \tau \sim \mathrm{Gamma}(a, b)`."""

    loc: float | Tensor
    strength: float | Tensor
    shape: float | Tensor
    rate: float | Tensor
