r"""The variational autoencoder's model: the generative half. The recognition half is a family (``families.Amortized``)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from course_vi import validate
from course_vi.distributions import CholeskyNormal, DiagonalNormal, FactorNormal
from course_vi.models.base import Model
from course_vi.models.deep.outputs import Normals, output
from course_vi.nets import affine_parts, called, first_parameter, mlp, refuse_noisy_layers

__all__ = ["VAE"]


class VAE(Model):
    r"""A deep latent Gaussian model: a standard normal, a network, and noise on the data.

    .. math:: z \sim N(0, I_D), \qquad x_i \mid z \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(f_\theta(z)_i))
              \quad\text{or}\quad x \mid z \sim N(\mu_\theta(z), \Sigma_\theta(z)), \;\; \Sigma_\theta \text{ diagonal}.

    With ``hidden=0`` the network is an affine map. A linear Gaussian model, :math:`x = W z + b + \text{noise}`, is factor analysis, or
    with one shared scale **probabilistic PCA**; then, and only then, ``log_evidence`` and ``posterior`` are exact.

    Args:
        latent_dim: D.
        data_dim: Dx, the number of pixels.
        hidden: units of the decoder's hidden layer, or of each of several; 0 for none.
        generator: draws the initial weights.
        likelihood: ``"bernoulli"`` (pixels 0 and 1), ``"grey"`` (pixels in [0, 1], see ``outputs.Bits``) or ``"gaussian"``.
        scale, smallest: of the Gaussian likelihood, see ``outputs.Normals``: scales from the network, learned, or fixed.
        decoder: a network of your own from ``(*, D)`` to ``(*, Dx)`` (or 2 Dx, where it writes scales too), in place of the usual one;
            one for images goes into ``nets.Reshaped``.

    Raises:
        ValueError: a decoder with dropout or batch normalization: p would be another density at each call, or of each batch; one that
            writes another number of entries (when called).

    Source: Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014; Rezende, Mohamed and Wierstra, "Stochastic backpropagation
    and approximate inference in deep generative models", ICML 2014. The linear case: Tipping and Bishop, JRSS B 1999; Lucas, Tucker,
    Grosse and Norouzi, "Don't blame the ELBO! A linear VAE perspective on posterior collapse", NeurIPS 2019.

    >>> model = VAE(latent_dim=8, data_dim=64)
    >>> model.log_joint(torch.ones(10, 64), torch.zeros(3, 10, 8)).shape
    torch.Size([3, 10])
    >>> linear = VAE(2, 5, hidden=0, likelihood="gaussian", scale="shared")
    >>> x, z = torch.ones(4, 5), torch.randn(3, 4, 2)
    >>> bayes = linear.log_joint(x, z) - linear.posterior(x).log_prob(z)      # Bayes' rule: the same for every z
    >>> torch.allclose(bayes, linear.log_evidence(x).expand(3, 4), atol=1e-5)
    True
    """

    def __init__(
        self,
        latent_dim: int = 8,
        data_dim: int = 64,
        hidden: int | Sequence[int] = 200,
        generator: torch.Generator | None = None,
        *,
        likelihood: str = "bernoulli",
        scale: str | float = "network",
        smallest: float = 0.0,
        decoder: nn.Module | None = None,
    ) -> None:
        super().__init__()
        validate.positive_integer("latent_dim", latent_dim)
        self.latent_dim, self.data_dim = latent_dim, data_dim
        self.output = output(likelihood, data_dim, scale, smallest)
        if decoder is not None:
            refuse_noisy_layers(decoder, "decoder")
        self.decoder = (
            mlp(latent_dim, hidden, self.output.width, generator) if decoder is None else decoder
        )

    def _like(self) -> Tensor:
        """Any parameter: its device and dtype are those of the samples."""
        like = first_parameter(self.decoder)
        return self.unit if like is None else like

    def decoded(self, z: Tensor) -> Tensor:
        """What the decoder writes of z: ``(K, *B, width)`` numbers, which ``output`` reads."""
        raw = called("decoder", self.decoder, z, "z")
        if raw.shape != (*z.shape[:-1], self.output.width):
            raise ValueError(
                f"decoder gave shape {tuple(raw.shape)} for z of shape {tuple(z.shape)}; expected "
                f"{(*z.shape[:-1], self.output.width)}. Does it read more than one axis in front? See nets.Reshaped"
            )
        return raw

    def prior(self) -> DiagonalNormal:
        zeros = self._like().new_zeros(self.latent_dim)
        return DiagonalNormal(zeros, zeros)

    def likelihood(self, z: Tensor) -> Distribution:
        return self.output.density(self.decoded(z))

    def check(self, x: Tensor) -> None:
        """Refuse pixels outside the support of the output, and what every model refuses."""
        super().check(x)
        self.output.check("x", x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {
            "prior": self.prior().log_prob(z),
            "likelihood": self.output.log_prob(self.decoded(z), x),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = self._like()
        z = torch.randn(
            n, self.latent_dim, generator=generator, dtype=like.dtype, device=like.device
        )
        with torch.no_grad():
            return self.output.draw(self.decoded(z), generator), z

    # ------------------------------------------------------------------ the linear Gaussian case

    def linear_parts(self) -> tuple[Tensor, Tensor, Tensor] | None:
        """W ``(Dx, D)``, b ``(Dx)`` and the log scales ``(Dx)`` of a linear Gaussian model; None for any other."""
        parts = affine_parts(self.decoder)
        if parts is None or not isinstance(self.output, Normals) or self.output.scale == "network":
            return None
        weight, bias = parts
        return weight, bias, self.output.log_scales(bias)

    def log_evidence(self, x: Tensor) -> Tensor:
        r"""log N(x; b, W W' + diag(sigma^2)), ``(*B)``, of a linear Gaussian model."""
        parts = self.linear_parts()
        if parts is None:
            return super().log_evidence(x)
        validate.event_size("x", x, self.data_dim)
        validate.finite("x", x)
        weight, bias, log_scale = parts
        return FactorNormal(bias, log_scale, weight).log_prob(x)

    def posterior(self, x: Tensor) -> Distribution:
        r"""N(M^{-1} W' D^{-1} (x - b), M^{-1}) with M = I + W' D^{-1} W, of a linear Gaussian model."""
        parts = self.linear_parts()
        if parts is None:
            return super().posterior(x)
        validate.event_size("x", x, self.data_dim)
        weight, bias, log_scale = parts
        scaled = weight * (-log_scale).exp().unsqueeze(-1)
        identity = torch.eye(self.latent_dim, dtype=weight.dtype, device=weight.device)
        root = torch.linalg.cholesky(identity + scaled.mT @ scaled)
        shift = ((x - bias) * (-log_scale).exp()) @ scaled
        mean = torch.cholesky_solve(shift.unsqueeze(-1), root).squeeze(-1)
        return CholeskyNormal(mean, torch.linalg.cholesky(torch.cholesky_inverse(root)))
