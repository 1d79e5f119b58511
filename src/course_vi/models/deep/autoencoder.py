r"""The autoencoder: two networks and a bottleneck. It is no probability model; it stands here to be compared with one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_vi import validate
from course_vi.nets import mlp

__all__ = ["Autoencoder"]


class Autoencoder(nn.Module):
    r"""Squeeze x through D numbers and out again, with the least error.

    .. math:: \min_{g, f} \; \frac1N \sum_n \mathrm{loss}\big(x_n, g(f(x_n))\big), \qquad f: \mathbb R^{D_x} \to \mathbb R^D, \quad
              g: \mathbb R^D \to \mathbb R^{D_x}

    A code z = f(x) is a point: there is no p(z), hence no p(x), and nothing says what the decoder does between the codes that it met.
    With affine maps and the squared error the best one is principal component analysis (Baldi and Hornik): the loss left over is the sum
    of the eigenvalues left out.

    Args:
        latent_dim: D.
        data_dim: Dx.
        hidden: units of the hidden layer of each network; 0 for affine maps.
        generator: draws the initial weights.
        loss: ``"bernoulli"``, the cross-entropy of logits, for pixels in [0, 1]; or ``"gaussian"``, the squared error.

    Source: Rumelhart, Hinton and Williams, Nature 1986; Baldi and Hornik, "Neural networks and principal component analysis", Neural
    Networks 1989.

    >>> model = Autoencoder(latent_dim=2, data_dim=64, hidden=32)
    >>> x = torch.ones(10, 64)
    >>> model.encode(x).shape, model.decode(model.encode(x)).shape, model.loss(x).shape
    (torch.Size([10, 2]), torch.Size([10, 64]), torch.Size([10]))
    """

    def __init__(
        self,
        latent_dim: int = 2,
        data_dim: int = 64,
        hidden: int = 200,
        generator: torch.Generator | None = None,
        *,
        loss: str = "bernoulli",
    ) -> None:
        super().__init__()
        validate.positive_integer("latent_dim", latent_dim)
        validate.one_of("loss", loss, ("bernoulli", "gaussian"))
        self.latent_dim, self.data_dim, self.kind = latent_dim, data_dim, loss
        self.encoder = mlp(data_dim, hidden, latent_dim, generator)
        self.decoder = mlp(latent_dim, hidden, data_dim, generator)

    def encode(self, x: Tensor) -> Tensor:
        """The code z = f(x), ``(*B, D)``."""
        validate.event_size("x", x, self.data_dim)
        code: Tensor = self.encoder(x)
        return code

    def decode(self, z: Tensor) -> Tensor:
        """The picture g(z), ``(*B, Dx)``: pixel probabilities, or grey values."""
        validate.event_size("z", z, self.latent_dim)
        raw: Tensor = self.decoder(z)
        return raw.sigmoid() if self.kind == "bernoulli" else raw

    def loss(self, x: Tensor) -> Tensor:
        """The error of the reconstruction, summed over the pixels, ``(*B)``: in nats, or squared units."""
        raw = self.decoder(self.encode(x))
        if self.kind == "bernoulli":
            return F.binary_cross_entropy_with_logits(raw, x, reduction="none").sum(-1)
        return (x - raw).square().sum(-1)
