r"""A normal with unknown mean and precision: the smallest conjugate model with two latents."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_vi import validate
from course_vi.distributions.conjugate import LOG_TWO_PI, NormalGammaParameters
from course_vi.models.base import Model

__all__ = ["NormalGamma"]


class NormalGamma(Model):
    r"""A normal of which neither mean nor precision is known.

    .. math:: \tau \sim \mathrm{Gamma}(a, b), \quad \mu \mid \tau \sim N(m, 1 / (\lambda \tau)), \quad
              x_n \mid \mu, \tau \sim N(\mu, 1/\tau), \quad n = 1, \dots, N.

    The latents are **global** and unconstrained, :math:`z = (\mu, \log\tau)`, ``z: (K, *B, 2)``; the density of log tau carries its
    Jacobian. The prior is conjugate, so evidence and posterior are closed formulas.

    Args:
        loc, strength, shape, rate: m, :math:`\lambda`, a and b; the last three positive.

    >>> model = NormalGamma()
    >>> model.log_joint(torch.zeros(4, 1), torch.zeros(7, 2)).shape
    torch.Size([7])
    >>> model.posterior_parameters(torch.tensor([[1.0], [3.0]])).strength
    3.0
    """

    local, latent_dim, data_dim = False, 2, 1

    def __init__(
        self, loc: float = 0.0, strength: float = 1.0, shape: float = 1.0, rate: float = 1.0
    ) -> None:
        super().__init__()
        for name, value in (("strength", strength), ("shape", shape), ("rate", rate)):
            if not value > 0:
                raise ValueError(f"{name} is {value}; expected a positive number")
        self.prior_parameters = NormalGammaParameters(loc, strength, shape, rate)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        _column(x)
        loc, strength, shape, rate = self.prior_parameters
        mean, log_tau = z.unbind(-1)
        tau = log_tau.exp()
        squares = (x[:, 0] - mean.unsqueeze(-1)).square().sum(-1)
        return {
            "precision": shape * math.log(rate)
            - math.lgamma(shape)
            + shape * log_tau
            - rate * tau,  # with the Jacobian, tau
            "mean": 0.5
            * (math.log(strength) + log_tau - LOG_TWO_PI - strength * tau * (mean - loc).square()),
            "likelihood": 0.5 * (len(x) * (log_tau - LOG_TWO_PI) - tau * squares),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """One mean and one precision, and n rows."""
        validate.positive_integer("n", n)
        loc, strength, shape, rate = self.prior_parameters
        tau = torch._standard_gamma(shape * self.unit, generator=generator) / rate
        noise = torch.randn(n + 1, generator=generator, dtype=tau.dtype, device=tau.device)
        mean = loc + noise[0] / (strength * tau).sqrt()
        return (mean + noise[1:] / tau.sqrt()).unsqueeze(-1), torch.stack([mean, tau.log()])

    def posterior_parameters(self, x: Tensor) -> NormalGammaParameters:
        """m, lambda, a and b after the data ``x: (N, 1)``."""
        _column(x)
        validate.finite("x", x)
        loc, strength, shape, rate = self.prior_parameters
        count, mean = len(x), x.mean()
        spread = (x - mean).square().sum()
        return NormalGammaParameters(
            (strength * loc + count * mean) / (strength + count),
            strength + count,
            shape + 0.5 * count,
            rate + 0.5 * (spread + strength * count * (mean - loc).square() / (strength + count)),
        )

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), a number."""
        _, strength, shape, rate = self.prior_parameters
        after = self.posterior_parameters(x)
        gammas = math.lgamma(after.shape) - math.lgamma(shape)
        return (
            gammas
            + shape * math.log(rate)
            - after.shape * torch.log(torch.as_tensor(after.rate))
            + 0.5 * (math.log(strength) - math.log(after.strength))
            - 0.5 * len(x) * LOG_TWO_PI
        )


def _column(x: Tensor) -> None:
    if x.dim() != 2 or x.shape[1] != 1 or not len(x):
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, 1) with at least one row")
