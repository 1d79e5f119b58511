r"""Neural processes: a datum is a function, seen at a few points; some of the points are given, the others are to be predicted."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import DiagonalNormal, as_density
from course_vi.models.base import Model
from course_vi.models.deep.outputs import Normals
from course_vi.nets import SetEncoder, join, mlp

__all__ = ["ConditionalNeuralProcess", "NeuralProcess", "Prediction"]


class Prediction(NamedTuple):
    """Mean and standard deviation of the predictive distribution at each input, ``(*B, T, Dy)``."""

    loc: Tensor
    scale: Tensor


class _Points(Model):
    """What the two share: rows of N points (input, output), of which the first ``num_context`` are given."""

    def __init__(self, num_points: int, num_context: int, input_dim: int, output_dim: int) -> None:
        super().__init__()
        for name, value in (
            ("num_points", num_points),
            ("input_dim", input_dim),
            ("output_dim", output_dim),
        ):
            validate.positive_integer(name, value)
        if not 0 <= num_context < num_points:
            raise ValueError(
                f"num_context is {num_context} of {num_points} points; expected 0 or more, and fewer than all of them"
            )
        self.num_points, self.num_context, self.input_dim, self.output_dim = (
            num_points,
            num_context,
            input_dim,
            output_dim,
        )
        self.point_dim = input_dim + output_dim
        self.data_dim = num_points * self.point_dim

    shown = ("num_points", "num_context")
    latent_dim = 0

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The context ``(*B, M, Dx + Dy)``, the targets' inputs ``(*B, N - M, Dx)`` and their outputs ``(*B, N - M, Dy)``."""
        validate.event_size("x", x, self.data_dim)
        points = x.unflatten(-1, (self.num_points, self.point_dim))
        context, targets = points[..., : self.num_context, :], points[..., self.num_context :, :]
        return context, targets[..., : self.input_dim], targets[..., self.input_dim :]


class NeuralProcess(_Points):
    r"""A distribution over functions with one latent z for each function.

    .. math:: z \mid C \sim r_\theta(z \mid C), \qquad y_t \mid x_t, z \sim N\big(\mu_\theta(x_t, z), \sigma_\theta^2(x_t, z)\big), \quad
              t \in T

    The encoder r reads a set of points whatever its size: the *context* C = {(x_n, y_n)} here, and context and targets together for the
    posterior, q(z | C, T) = r(z | C and T). The ELBO of the targets given the context,

    .. math:: \log p(y_T \mid x_T, C) \ge \mathbb E_{q(z \mid C, T)} \sum_{t \in T} \log p(y_t \mid x_t, z) -
              \mathrm{KL}\big(q(z \mid C, T) \,\|\, r(z \mid C)\big),

    is that of a model whose prior is r(z | C). Nothing makes r(z | C) the posterior of one prior for all C, unless the encoder is exact:
    then, with a linear decoder, this is Bayesian linear regression, and ``log p(y_T | C)`` is a difference of two of its evidences.

    A datum is a function seen at N points: the event of x is ``(N * (Dx + Dy),)``, point after point, input before output. The first
    ``num_context`` points are the context: shuffle the points to train on many splits. The family is ``families.process_posterior(model)``.

    Args:
        num_points, num_context: N and the size of C, which may be 0.
        latent_dim, input_dim, output_dim: D, Dx and Dy.
        hidden: units of the hidden layers.
        generator: draws the initial weights.
        scale, smallest: of the outputs' noise, see ``outputs.Normals``.
        encoder: from sets ``(*B, n, Dx + Dy)`` to the 2 D numbers of a diagonal normal, or to a distribution, in place of the usual one.
        decoder: a net from ``(x_t, z)`` to the output's numbers, in place of the usual one.

    Source: Garnelo, Schwarz, Rosenbaum, Viola, Rezende, Eslami and Teh, "Neural processes", 2018.

    >>> model = NeuralProcess(num_points=10, num_context=4)
    >>> from course_vi.families import process_posterior
    >>> q, x = process_posterior(model), torch.zeros(5, 20)
    >>> model.log_joint(x, q.sample(7, x)).shape, model.predict(torch.zeros(5, 4, 2), torch.zeros(5, 3, 1)).loc.shape
    (torch.Size([7, 5]), torch.Size([5, 3, 1]))
    """

    def __init__(
        self,
        num_points: int,
        num_context: int,
        latent_dim: int = 8,
        input_dim: int = 1,
        output_dim: int = 1,
        hidden: int = 64,
        generator: torch.Generator | None = None,
        *,
        scale: str | float = "network",
        smallest: float = 0.01,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
    ) -> None:
        super().__init__(num_points, num_context, input_dim, output_dim)
        validate.positive_integer("latent_dim", latent_dim)
        self.latent_dim, self.output = latent_dim, Normals(output_dim, scale, smallest)
        self.encoder = (
            SetEncoder(self.point_dim, hidden, 2 * latent_dim, generator)
            if encoder is None
            else encoder
        )
        self.decoder = (
            mlp(input_dim + latent_dim, hidden, self.output.width, generator)
            if decoder is None
            else decoder
        )

    def given(self, context: Tensor) -> Any:
        """r(z | C) for a context ``(*B, M, Dx + Dy)``."""
        validate.event_size("context", context, self.point_dim)
        return as_density(self.encoder(context))

    def outputs(self, inputs: Tensor, z: Tensor) -> DiagonalNormal:
        """p(y_t | x_t, z), events of size Dy, for inputs ``(*B, T, Dx)`` and ``z: (K, *B, D)``: a batch ``(K, *B, T)``."""
        validate.event_size("inputs", inputs, self.input_dim)
        return self.output.density(self.decoder(join(inputs, z.unsqueeze(-2))))

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        context, inputs, outputs = self.split(x)
        return {
            "prior": self.given(context).log_prob(z),
            "likelihood": self.outputs(inputs, z).log_prob(outputs).sum(-1),
        }

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """n functions at standard normal inputs: the context's outputs by r(z | nothing), then z from r(z | C) and the targets from it."""
        inputs = torch.randn(
            n,
            self.num_points,
            self.input_dim,
            generator=generator,
            dtype=self.unit.dtype,
            device=self.unit.device,
        )
        points, z = inputs.new_zeros(n, 0, self.point_dim), inputs.new_zeros(n, 0)
        for part in inputs.split([self.num_context, self.num_points - self.num_context], 1):
            z = self.given(points).rsample(generator=generator)
            outputs = self.output.draw(self.decoder(join(part, z.unsqueeze(-2))), generator)
            points = torch.cat([points, join(part, outputs)], 1)
        return points.flatten(1), z

    @torch.no_grad()
    def predict(
        self,
        context: Tensor,
        inputs: Tensor,
        num_samples: int = 100,
        generator: torch.Generator | None = None,
    ) -> Prediction:
        """Mean and standard deviation of p(y_t | x_t, C), a mixture over samples of z; each input for itself."""
        validate.positive_integer("num_samples", num_samples)
        validate.finite("context", context)
        z = self.given(context).rsample((num_samples,), generator)
        parts = self.outputs(inputs, z)
        between = (parts.mean - parts.mean.mean(0)).square().mean(0)
        return Prediction(parts.mean.mean(0), (parts.variance.mean(0) + between).sqrt())

    @torch.no_grad()
    def predictive_log_prob(
        self, x: Tensor, num_samples: int = 100, generator: torch.Generator | None = None
    ) -> Tensor:
        """log p(y_T | x_T, C), ``(*B)``, by sampling z from r(z | C): below it in the mean, and less so with more samples."""
        validate.positive_integer("num_samples", num_samples)
        context, inputs, outputs = self.split(x)
        z = self.given(context).rsample((num_samples,), generator)
        return self.outputs(inputs, z).log_prob(outputs).sum(-1).logsumexp(0) - math.log(
            num_samples
        )


class ConditionalNeuralProcess(_Points):
    r"""The same without a latent: every target is predicted for itself from a summary of the context.

    .. math:: \log p(y_T \mid x_T, C) = \sum_{t \in T} \log N\big(y_t;\, \mu_\theta(x_t, r), \sigma_\theta^2(x_t, r)\big), \quad
              r = \rho_\theta(C)

    Trained by maximum likelihood. At its best it gives the marginals of a Gaussian process and none of its correlations: functions
    cannot be drawn from it. ``log_evidence(x)`` is the line above; a datum is as in ``NeuralProcess``.

    Source: Garnelo, Rosenbaum, Maddison, Ramalho, Saxton, Shanahan, Teh, Rezende and Eslami, "Conditional neural processes", ICML 2018.

    >>> ConditionalNeuralProcess(num_points=10, num_context=4).log_evidence(torch.zeros(5, 20)).shape
    torch.Size([5])
    """

    def __init__(
        self,
        num_points: int,
        num_context: int,
        summary_dim: int = 16,
        input_dim: int = 1,
        output_dim: int = 1,
        hidden: int = 64,
        generator: torch.Generator | None = None,
        *,
        smallest: float = 0.01,
    ) -> None:
        super().__init__(num_points, num_context, input_dim, output_dim)
        validate.positive_integer("summary_dim", summary_dim)
        self.output = Normals(output_dim, "network", smallest)
        self.encoder = SetEncoder(self.point_dim, hidden, summary_dim, generator)
        self.decoder = mlp(input_dim + summary_dim, hidden, self.output.width, generator)

    def outputs(self, context: Tensor, inputs: Tensor) -> DiagonalNormal:
        """p(y_t | x_t, C), events of size Dy, a batch ``(*B, T)``."""
        validate.event_size("context", context, self.point_dim)
        return self.output.density(self.decoder(join(inputs, self.encoder(context).unsqueeze(-2))))

    def log_evidence(self, x: Tensor) -> Tensor:
        validate.event_size("x", x, self.data_dim)
        validate.finite("x", x)
        context, inputs, outputs = self.split(x)
        return self.outputs(context, inputs).log_prob(outputs).sum(-1)

    @torch.no_grad()
    def predict(self, context: Tensor, inputs: Tensor) -> Prediction:
        """Mean and standard deviation of p(y_t | x_t, C)."""
        validate.finite("context", context)
        density = self.outputs(context, inputs)
        return Prediction(density.mean, density.stddev)
