r"""Two stochastic layers: a variational autoencoder whose prior is another one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from course_vi import validate
from course_vi.distributions import CholeskyNormal, DiagonalNormal
from course_vi.models.base import Model
from course_vi.models.deep.outputs import Normals
from course_vi.models.deep.vae import VAE
from course_vi.nets import affine_parts, mlp, refuse_noisy_layers

__all__ = ["HierarchicalVAE"]


class HierarchicalVAE(Model):
    r"""Noise at two levels, :math:`z_2 \to z_1 \to x`.

    .. math:: z_2 \sim N(0, I), \qquad z_1 \mid z_2 \sim N(m_\theta(z_2), \mathrm{diag}\, s_\theta^2(z_2)), \qquad
              x \mid z_1 \text{ as in a VAE}.

    The event is ``z = (z_1, z_2)``, in the order in which an encoder draws it: ``families.Layered(q(z_1 | x), q(z_2 | z_1))`` is the
    natural family, and sticking the landing and doubly reparametrized gradients are right for it. Written with the noise itself as the
    latent, :math:`z_1 = m_\theta(z_2) + s_\theta(z_2)\, \epsilon_1`, it is a decoder with noise at its transition, and the recognition
    model has to infer that noise.

    With ``hidden=0`` and scales that no network writes everything is Gaussian: then, and only then, ``log_evidence`` is exact (and the
    two layers say no more than one with a full prior covariance).

    Args:
        latent_dims: sizes of z_1 (next to the data) and z_2 (the top).
        data_dim: Dx.
        hidden: units of the hidden layer of both networks, or of each of several; 0 for none.
        generator: draws the initial weights.
        likelihood, scale, smallest: of x given z_1, as in ``VAE``.
        transition: the scale of z_1 given z_2: ``"network"``, ``"diagonal"``, ``"shared"`` or a number.
        decoder: a network of your own from z_1 to x, as in ``VAE``.
        network: one from ``(*, D_2)`` to the mean of z_1, and to its scale if ``transition`` is ``"network"``.

    Source: Rezende, Mohamed and Wierstra, ICML 2014; Sonderby, Raiko, Maaloe, Sonderby and Winther, "Ladder variational autoencoders",
    NeurIPS 2016, for why the top layer is hard to use.

    >>> model = HierarchicalVAE((4, 2), data_dim=64, hidden=16)
    >>> model.log_joint(torch.ones(10, 64), torch.zeros(3, 10, 6)).shape
    torch.Size([3, 10])
    """

    def __init__(
        self,
        latent_dims: tuple[int, int] = (8, 4),
        data_dim: int = 64,
        hidden: int | Sequence[int] = 200,
        generator: torch.Generator | None = None,
        *,
        likelihood: str = "bernoulli",
        scale: str | float = "network",
        smallest: float = 0.0,
        transition: str | float = "network",
        decoder: nn.Module | None = None,
        network: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if len(latent_dims) != 2:
            raise ValueError(f"latent_dims is {latent_dims}; expected two sizes, of z_1 and of z_2")
        for size in latent_dims:
            validate.positive_integer("latent_dims", size)
        self.latent_dims, self.latent_dim, self.data_dim = (
            tuple(latent_dims),
            sum(latent_dims),
            data_dim,
        )
        bottom, top = latent_dims
        self.bottom = VAE(
            bottom,
            data_dim,
            hidden,
            generator,
            likelihood=likelihood,
            scale=scale,
            smallest=smallest,
            decoder=decoder,
        )
        self.transition = Normals(bottom, transition)
        if network is not None:
            refuse_noisy_layers(network, "network")
        self.network = (
            mlp(top, hidden, self.transition.width, generator) if network is None else network
        )

    def split(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """z_1 and z_2, ``(K, *B, D_1)`` and ``(K, *B, D_2)``."""
        validate.event_size("z", z, self.latent_dim)
        return z[..., : self.latent_dims[0]], z[..., self.latent_dims[0] :]

    def likelihood(self, z: Tensor) -> Distribution:
        """p(x | z_1): the top layer reaches the data through z_1 only."""
        return self.bottom.likelihood(self.split(z)[0])

    def middle(self, z2: Tensor) -> DiagonalNormal:
        """p(z_1 | z_2)."""
        raw = self.network(z2)
        if raw.shape != (*z2.shape[:-1], self.transition.width):
            raise ValueError(
                f"network gave shape {tuple(raw.shape)} for z_2 of shape {tuple(z2.shape)}; expected "
                f"{(*z2.shape[:-1], self.transition.width)}"
            )
        return self.transition.density(raw)

    def check(self, x: Tensor) -> None:
        """Refuse pixels outside the support of the output, and what every model refuses."""
        super().check(x)
        self.bottom.output.check("x", x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        z1, z2 = self.split(z)
        zeros = torch.zeros_like(z2)
        return {
            "top": DiagonalNormal(zeros, zeros).log_prob(z2),
            "transition": self.middle(z2).log_prob(z1),
            "likelihood": self.bottom.output.log_prob(self.bottom.decoded(z1), x),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = next(self.parameters())
        with torch.no_grad():
            z2 = torch.randn(
                n, self.latent_dims[1], generator=generator, dtype=like.dtype, device=like.device
            )
            z1 = self.transition.draw(self.network(z2), generator)
            return self.bottom.output.draw(self.bottom.decoded(z1), generator), torch.cat(
                [z1, z2], -1
            )

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), ``(*B)``, of a linear Gaussian model: x is normal, with the covariances of both layers carried down to it."""
        parts = self.bottom.linear_parts()
        above = affine_parts(self.network)
        if parts is None or above is None or self.transition.scale == "network":
            return super().log_evidence(x)
        validate.event_size("x", x, self.data_dim)
        validate.finite("x", x)
        weight, bias, log_scale = parts
        upper, shift = above
        middle = upper @ upper.mT + torch.diag((2 * self.transition.log_scales(shift)).exp())
        covariance = weight @ middle @ weight.mT + torch.diag((2 * log_scale).exp())
        return CholeskyNormal(bias + weight @ shift, torch.linalg.cholesky(covariance)).log_prob(x)
