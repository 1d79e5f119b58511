r"""Deep and doubly deep Bernoulli models: the two Bernoullis grown up, with networks between the latents and the probabilities.

Both are a standard normal noise pushed through a map, z = t(eps), and then coins: so one quadrature over eps answers for both.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import CholeskyNormal
from course_vi.models.base import Model

__all__ = ["DeepBernoulli", "DoublyDeepBernoulli"]

REACH, POINTS = (
    10.0,
    {1: 2001, 2: 161},
)  # quadrature over the noise: from -REACH to REACH, so many points an axis


class _Coins(Model):
    """Latents z = t(eps), then one coin for each pixel: what the two models share."""

    decoder: nn.Module

    def logits(self, z: Tensor) -> Tensor:
        """The log odds of the pixels, ``(K, *B, Dx)``."""
        raise NotImplementedError

    def transport(self, eps: Tensor) -> Tensor:
        """z = t(eps), ``(K, *B, D)``: standard normal noise becomes a draw from the prior."""
        raise NotImplementedError

    def check(self, x: Tensor) -> None:
        """Refuse pixels other than 0 and 1, and what every model refuses."""
        super().check(x)
        validate.bits("x", x)

    def _coins(self, x: Tensor, z: Tensor) -> Tensor:
        logits = self.logits(z)
        x, logits = torch.broadcast_tensors(x, logits)
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)

    def probabilities(self, z: Tensor) -> Tensor:
        """p, ``(K, *B, Dx)``: what to show when a draw is to be looked at, less grainy than x."""
        return self.logits(z).sigmoid()

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        validate.positive_integer("n", n)
        like = next(self.parameters())
        with torch.no_grad():
            z = self.transport(
                torch.randn(
                    n, self.latent_dim, generator=generator, dtype=like.dtype, device=like.device
                )
            )
            return torch.bernoulli(self.probabilities(z), generator=generator), z

    def _grid(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Latents ``(P, *1, D)``, and the joint log weight of each with x, ``(P, *B)``."""
        validate.event_size("x", x, self.data_dim)
        validate.finite("x", x)
        if self.latent_dim not in POINTS:
            raise NotImplementedError(
                f"{type(self).__name__} has {self.latent_dim} latents; its evidence is computed by quadrature over "
                "at most 2. Bound it, or use learning.importance_log_evidence"
            )
        axis = torch.linspace(
            -REACH, REACH, POINTS[self.latent_dim], dtype=x.dtype, device=x.device
        )
        eps = torch.cartesian_prod(*[axis] * self.latent_dim).view(
            -1, *(1,) * (x.dim() - 1), self.latent_dim
        )
        step = 2 * REACH / (len(axis) - 1)
        z = self.transport(eps)
        log_weight = (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) + math.log(step)).sum(-1)
        return z, log_weight + self._coins(x, z)

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), ``(*B)``, by the trapezoid rule over the noise; differentiable in every parameter. One or two latents in all."""
        return self._grid(x)[1].logsumexp(0)

    def posterior_moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of p(z | x), each ``(*B, D)``, by the same rule."""
        z, log_weight = self._grid(x)
        weight = log_weight.softmax(0).unsqueeze(-1)
        mean = (weight * z).sum(0)
        return mean, (weight * (z - mean).square()).sum(0).sqrt()


class DeepBernoulli(_Coins):
    r"""Binary data whose dependence is a network's.

    .. math:: z \sim N(\mu, \Sigma), \qquad p = \mathrm{sigmoid}(g_\xi(z)), \qquad
              x_i \mid p \sim \mathrm{Bernoulli}(p_i), \quad i = 1, \dots, D_x.

    Args:
        decoder: :math:`g_\xi`, a module from m numbers to Dx log odds.
        loc: :math:`\mu`, ``(m,)``.
        covariance: :math:`\Sigma`, ``(m, m)``, positive definite. Learned through a root, Sigma = root root'.

    The variational autoencoder is this model with :math:`\mu = 0` and :math:`\Sigma = I`.

    >>> from course_vi.nets import mlp
    >>> model = DeepBernoulli(mlp(1, 4, 3, torch.Generator().manual_seed(0)), torch.zeros(1), torch.eye(1)).double()
    >>> everything = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 3)
    >>> round(model.log_evidence(everything).exp().sum().item(), 10)         # eight outcomes, one probability
    1.0
    """

    def __init__(self, decoder: nn.Module, loc: Tensor, covariance: Tensor) -> None:
        super().__init__()
        self.decoder, self.loc = decoder, nn.Parameter(loc.clone())
        self.root = nn.Parameter(_root("covariance", covariance, "loc", loc))
        self.latent_dim, self.data_dim = loc.shape[-1], _outputs("decoder", decoder, loc)

    def transport(self, eps: Tensor) -> Tensor:
        return self.loc + eps @ _tril(self.root).mT

    def logits(self, z: Tensor) -> Tensor:
        out: Tensor = self.decoder(z)
        return out

    def prior(self) -> CholeskyNormal:
        return CholeskyNormal(self.loc, _tril(self.root))

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {"prior": self.prior().log_prob(z), "likelihood": self._coins(x, z)}


class DoublyDeepBernoulli(_Coins):
    r"""One more layer of latents below the first.

    .. math:: z_1 \sim N(\mu_1, \Sigma_1), \quad z_2 \mid z_1 \sim N(g_{\xi_1}(z_1), \Sigma_2), \quad
              x_i \mid z_2 \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(g_{\xi_2}(z_2))_i).

    The latents are one event vector, z1 first.

    Args:
        inner: :math:`g_{\xi_1}`, a module from the m1 numbers of z1 to the m2 of z2.
        decoder: :math:`g_{\xi_2}`, a module from m2 numbers to Dx log odds.
        loc: :math:`\mu_1`, ``(m1,)``.
        first_cov, second_cov: :math:`\Sigma_1` ``(m1, m1)`` and :math:`\Sigma_2` ``(m2, m2)``, positive definite.

    >>> from torch import nn
    >>> model = DoublyDeepBernoulli(nn.Linear(2, 3), nn.Linear(3, 5), torch.zeros(2), torch.eye(2), torch.eye(3))
    >>> x, z = model.sample(7, torch.Generator().manual_seed(0))
    >>> x.shape, z.shape, model.log_joint(x, z.expand(4, 7, 5)).shape
    (torch.Size([7, 5]), torch.Size([7, 5]), torch.Size([4, 7]))
    """

    def __init__(
        self,
        inner: nn.Module,
        decoder: nn.Module,
        loc: Tensor,
        first_cov: Tensor,
        second_cov: Tensor,
    ) -> None:
        super().__init__()
        self.inner, self.decoder, self.loc = inner, decoder, nn.Parameter(loc.clone())
        middle = loc.new_zeros(_outputs("inner", inner, loc))
        self.first_root = nn.Parameter(_root("first_cov", first_cov, "loc", loc))
        self.second_root = nn.Parameter(_root("second_cov", second_cov, "inner(loc)", middle))
        self.sizes = (len(loc), len(middle))
        self.latent_dim, self.data_dim = sum(self.sizes), _outputs("decoder", decoder, middle)

    def transport(self, eps: Tensor) -> Tensor:
        first, second = eps.split(self.sizes, -1)
        top = self.loc + first @ _tril(self.first_root).mT
        return torch.cat([top, self.inner(top) + second @ _tril(self.second_root).mT], -1)

    def logits(self, z: Tensor) -> Tensor:
        out: Tensor = self.decoder(z[..., self.sizes[0] :])
        return out

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        """log p(z1), log p(z2 | z1) and log p(x | z2), under the names ``z1``, ``z2`` and ``x``."""
        top, low = z.split(self.sizes, -1)
        return {
            "z1": CholeskyNormal(self.loc, _tril(self.first_root)).log_prob(top),
            "z2": CholeskyNormal(self.inner(top), _tril(self.second_root)).log_prob(low),
            "x": self._coins(x, z),
        }


def _tril(root: Tensor) -> Tensor:
    """The Cholesky factor of root root', whatever sign or shape a learned root has taken."""
    return torch.linalg.cholesky(root @ root.mT)


def _root(name: str, covariance: Tensor, other: str, loc: Tensor) -> Tensor:
    if loc.dim() != 1 or covariance.shape != (len(loc), len(loc)):
        raise ValueError(
            f"{other} and {name} have shapes {tuple(loc.shape)} and {tuple(covariance.shape)}; expected (m,) and (m, m)"
        )
    root, failed = torch.linalg.cholesky_ex(covariance)
    if failed or not torch.allclose(covariance, covariance.mT):
        raise ValueError(f"{name} is no covariance; expected a symmetric positive definite matrix")
    return root.clone()


def _outputs(name: str, net: nn.Module, like: Tensor) -> int:
    """How many numbers a network gives, found by asking it once."""
    parameter = next(net.parameters(), like)
    with torch.no_grad():
        try:
            answer = net(like.detach().to(parameter))
        except RuntimeError as error:
            raise ValueError(
                f"{name} does not take vectors of {len(like)} numbers: {error}"
            ) from error
    return int(answer.shape[-1])
