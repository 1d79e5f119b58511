r"""The neural statistician: a datum is a set, and one latent says what its members have in common."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.models.base import Model
from course_vi.models.deep.outputs import output
from course_vi.nets import join, mlp

__all__ = ["NeuralStatistician"]


class NeuralStatistician(Model):
    r"""Sets of N points, with a latent c for the set and a latent z_n for each of its points.

    .. math:: c \sim N(0, I_C), \qquad z_n \mid c \sim N\big(\mu_\theta(c), \sigma_\theta^2(c)\big), \qquad
              x_n \mid z_n, c \sim p\big(x;\, f_\theta(z_n, c)\big), \qquad n = 1, \dots, N

    Given c the points are exchangeable, so that log p does not depend on their order. The ELBO of a set is

    .. math:: \mathbb E_{q(c \mid x_{1..N})}\Big[\log \frac{p(c)}{q(c \mid x_{1..N})} +
              \sum_n \mathbb E_{q(z_n \mid x_n, c)} \log \frac{p(x_n \mid z_n, c)\, p(z_n \mid c)}{q(z_n \mid x_n, c)}\Big],

    and c is a statistic of the set, learned: what to keep of a sample.

    A datum is one set: the event of x is ``(N * Dx,)``, point after point; that of z is ``(C + N * D,)``: c, then z_1, ..., z_N.
    The recognition half is ``families.statistician_posterior``.

    Args:
        set_size, point_dim, context_dim, latent_dim: N, Dx, C and D.
        hidden: units of the hidden layers; 0 for none.
        generator: draws the initial weights.
        likelihood, scale: of the points, see ``outputs.output``.
        member: a net from c to the 2 D numbers (means, log scales) of p(z_n | c), in place of the usual one.
        decoder: a net from ``(z_n, c)`` to the output's numbers, in place of the usual one.

    Source: Edwards and Storkey, "Towards a neural statistician", ICLR 2017.

    >>> model = NeuralStatistician(set_size=4, point_dim=3, context_dim=2, latent_dim=1)
    >>> model.log_joint(torch.zeros(5, 12), torch.zeros(7, 5, 6)).shape
    torch.Size([7, 5])
    """

    def __init__(
        self,
        set_size: int,
        point_dim: int,
        context_dim: int = 3,
        latent_dim: int = 2,
        hidden: int = 64,
        generator: torch.Generator | None = None,
        *,
        likelihood: str = "gaussian",
        scale: str | float = "shared",
        member: nn.Module | None = None,
        decoder: nn.Module | None = None,
    ) -> None:
        super().__init__()
        sizes = {
            "set_size": set_size,
            "point_dim": point_dim,
            "context_dim": context_dim,
            "latent_dim": latent_dim,
        }
        for name, value in sizes.items():
            validate.positive_integer(name, value)
        self.set_size, self.point_dim, self.context_dim, self.member_dim = (
            set_size,
            point_dim,
            context_dim,
            latent_dim,
        )
        self.data_dim, self.latent_dim = set_size * point_dim, context_dim + set_size * latent_dim
        self.member = (
            mlp(context_dim, hidden, 2 * latent_dim, generator) if member is None else member
        )
        self.output = output(likelihood, point_dim, scale)
        self.decoder = (
            mlp(latent_dim + context_dim, hidden, self.output.width, generator)
            if decoder is None
            else decoder
        )

    def split(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """c ``(K, *B, C)`` and the members' ``(K, *B, N, D)``."""
        validate.event_size("z", z, self.latent_dim)
        return z[..., : self.context_dim], z[..., self.context_dim :].unflatten(
            -1, (self.set_size, self.member_dim)
        )

    def check(self, x: Tensor) -> None:
        """Refuse pixels outside the support of the output, and what every model refuses."""
        super().check(x)
        self.output.check("x", x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        """log p(c), log p(z_1..z_N | c) and log p(x | z, c), under the names ``context``, ``members`` and ``points``."""
        c, members = self.split(z)
        points, zeros = x.unflatten(-1, (self.set_size, self.point_dim)), torch.zeros_like(c)
        each = DiagonalNormal(*(part.unsqueeze(-2) for part in self.member(c).chunk(2, -1)))
        return {
            "context": DiagonalNormal(zeros, zeros).log_prob(c),
            "members": each.log_prob(members).sum(-1),
            "points": self.output.log_prob(
                self.decoder(join(members, c.unsqueeze(-2))), points
            ).sum(-1),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = next(self.parameters())
        c, noise = (
            torch.randn(n, size, generator=generator, dtype=like.dtype, device=like.device)
            for size in (self.context_dim, self.set_size * self.member_dim)
        )
        with torch.no_grad():
            loc, log_scale = (part.unsqueeze(-2) for part in self.member(c).chunk(2, -1))
            members = loc + log_scale.exp() * noise.unflatten(-1, (self.set_size, self.member_dim))
            x = self.output.draw(self.decoder(join(members, c.unsqueeze(-2))), generator)
        return x.flatten(1), torch.cat([c, members.flatten(1)], -1)
