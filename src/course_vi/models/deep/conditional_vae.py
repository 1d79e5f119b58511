r"""The conditional variational autoencoder: the label is given, the latent is what the label leaves open."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution

from course_vi import validate
from course_vi.distributions import Conditional, DiagonalNormal
from course_vi.models.base import Model
from course_vi.models.deep.outputs import output
from course_vi.nets import join, mlp

__all__ = ["ConditionalVAE"]


class ConditionalVAE(Model):
    r"""Images x with labels y: y is not generated, so that all densities are given y.

    .. math:: z \sim N(0, I_D), \qquad x \mid z, y \sim p\big(x; f_\theta(z, y)\big), \qquad
              \log p_\theta(x \mid y) \ge \mathbb E_{q(z \mid x, y)}\big[\log p_\theta(x, z \mid y) - \log q_\phi(z \mid x, y)\big]

    The prior does not read y, so the latent is pressed to hold only what the label does not say: infer z from one image, decode it
    with another label, and get the same style with other content.

    A datum is a row ``(image, label)``: Dx pixels, then Dy columns for the label (one-hot, or any numbers), as ``pack`` makes them. An
    encoder reads the whole row.

    Args:
        latent_dim: D.
        image_dim, label_dim: Dx and Dy; ``data_dim`` is their sum.
        hidden: units of the decoder's hidden layer; 0 for none.
        generator: draws the initial weights.
        likelihood, scale: of the pixels, see ``outputs.output``.
        decoder: a net from ``(*, D + Dy)`` to the output's numbers, in place of the usual one.

    Source: Kingma, Rezende, Mohamed and Welling, NeurIPS 2014; Sohn, Lee and Yan, NeurIPS 2015.

    >>> model = ConditionalVAE(latent_dim=2, image_dim=64, label_dim=10)
    >>> x = model.pack(torch.ones(5, 64), torch.tensor([3, 1, 4, 1, 5]))
    >>> x.shape, model.log_joint(x, torch.zeros(7, 5, 2)).shape
    (torch.Size([5, 74]), torch.Size([7, 5]))
    """

    def __init__(
        self,
        latent_dim: int = 8,
        image_dim: int = 64,
        label_dim: int = 10,
        hidden: int = 200,
        generator: torch.Generator | None = None,
        *,
        likelihood: str = "bernoulli",
        scale: str | float = "shared",
        decoder: nn.Module | None = None,
    ) -> None:
        super().__init__()
        for name, value in (
            ("latent_dim", latent_dim),
            ("image_dim", image_dim),
            ("label_dim", label_dim),
        ):
            validate.positive_integer(name, value)
        self.latent_dim, self.image_dim, self.label_dim, self.data_dim = (
            latent_dim,
            image_dim,
            label_dim,
            image_dim + label_dim,
        )
        self.output = output(likelihood, image_dim, scale)
        self.decoder = (
            mlp(latent_dim + label_dim, hidden, self.output.width, generator)
            if decoder is None
            else decoder
        )

    def _like(self) -> Tensor:
        return next(self.decoder.parameters())

    def pack(self, images: Tensor, labels: Tensor) -> Tensor:
        """Rows ``(*B, Dx + Dy)`` of images ``(*B, Dx)`` and labels: whole numbers ``(*B,)``, made one-hot, or columns ``(*B, Dy)``.

        Raises:
            ValueError: sizes that do not fit, a label that is no whole number below Dy, or entries that are not finite.
        """
        validate.event_size("images", images, self.image_dim)
        if labels.dim() == images.dim() - 1:
            labels = F.one_hot(validate.indices("labels", labels, self.label_dim), self.label_dim)
        validate.event_size("labels", labels, self.label_dim)
        labels = labels.to(images)
        validate.finite("images", images)
        validate.finite("labels", labels)
        return join(images, labels)

    def unpack(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images ``(*B, Dx)`` and label columns ``(*B, Dy)``."""
        validate.event_size("x", x, self.data_dim)
        return x[..., : self.image_dim], x[..., self.image_dim :]

    def prior(self) -> DiagonalNormal:
        zeros = torch.zeros(self.latent_dim, dtype=self._like().dtype, device=self._like().device)
        return DiagonalNormal(zeros, zeros)

    def images(self, z: Tensor, y: Tensor) -> Distribution:
        """p(x | z, y) for ``z: (K, *B, D)`` and label columns ``y: (*B, Dy)``."""
        return self.output.density(self.decoder(join(z, y)))

    def check(self, x: Tensor) -> None:
        """Refuse pixels outside the support of the output, and what every model refuses."""
        super().check(x)
        self.output.check("x, its pixels,", self.unpack(x)[0])

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        images, y = self.unpack(x)
        return {
            "prior": self.prior().log_prob(z),
            "likelihood": self.output.log_prob(self.decoder(join(z, y)), images),
        }

    def sample(
        self, n: int, generator: torch.Generator | None = None, y: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """n rows and their latents. y: label columns ``(n, Dy)``; without them, one-hot labels, all alike probable."""
        like = self._like()
        z = torch.randn(
            n, self.latent_dim, generator=generator, dtype=like.dtype, device=like.device
        )
        if y is None:
            y = F.one_hot(
                torch.randint(self.label_dim, (n,), generator=generator, device=like.device),
                self.label_dim,
            )
        validate.event_size("y", y, self.label_dim)
        y = y.to(like)
        with torch.no_grad():
            return join(self.output.draw(self.decoder(join(z, y)), generator), y), z

    @torch.no_grad()
    def relabel(self, x: Tensor, q: Conditional, y: Tensor) -> Tensor:
        """The mean image at the style of the rows ``x: (*B, Dx + Dy)`` (the mean of q) and the labels ``y: (*B, Dy)``."""
        validate.event_size("x", x, self.data_dim)
        validate.event_size("y", y, self.label_dim)
        return self.images(q.distribution(x).mean, y.to(x)).mean
