r"""Two Bernoullis with one common cause: the smallest model whose posterior has no closed form."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent

from course_vi import exact, validate
from course_vi.distributions import DiagonalNormal
from course_vi.models.base import Model

__all__ = ["TwoBernoullis"]


class TwoBernoullis(Model):
    r"""Binary data made dependent by one latent.

    .. math:: z \sim N(0, 1), \qquad x_i \mid z \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(a_i + b_i z)), \quad i = 1, 2.

    Given z the two are independent; marginally they are not. Neither p(x) nor p(z | x) has a closed form, and a
    one-dimensional integral by quadrature gives both as exactly as we like.

    Args:
        intercepts: :math:`a`, two numbers.
        slopes: :math:`b`, two numbers.

    >>> model = TwoBernoullis(intercepts=(0.0, 0.0), slopes=(2.0, 2.0)).double()
    >>> x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    >>> model.log_evidence(x).exp().sum().item()      # four outcomes, one probability
    1.0
    """

    latent_dim, data_dim = 1, 2
    replicable = True

    def __init__(
        self, intercepts: Sequence[float] = (-0.5, 0.5), slopes: Sequence[float] = (1.5, 2.5)
    ) -> None:
        super().__init__()
        for name, value in (("intercepts", intercepts), ("slopes", slopes)):
            if len(value) != 2:
                raise ValueError(f"{name} has {len(value)} numbers; expected 2")
        self.intercepts = nn.Parameter(torch.tensor(list(intercepts)))
        self.slopes = nn.Parameter(torch.tensor(list(slopes)))

    def prior(self) -> DiagonalNormal:
        zeros = torch.zeros_like(self.slopes[..., :1])
        return DiagonalNormal(zeros, zeros)

    def likelihood(self, z: Tensor) -> Independent:
        logits = self.intercepts + self.slopes * z
        return Independent(Bernoulli(logits=logits, validate_args=False), 1, validate_args=False)

    def check(self, x: Tensor) -> None:
        """Refuse pixels other than 0 and 1, and what every model refuses."""
        super().check(x)
        validate.bits("x", x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        logits, bits = torch.broadcast_tensors(self.intercepts + self.slopes * z, x)
        likelihood = -F.binary_cross_entropy_with_logits(logits, bits, reduction="none").sum(-1)
        return {"prior": self.prior().log_prob(z), "likelihood": likelihood}

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = self.slopes.detach()
        z = torch.randn(n, 1, generator=generator, dtype=like.dtype, device=like.device)
        with torch.no_grad():
            return torch.bernoulli(
                (self.intercepts + self.slopes * z).sigmoid(), generator=generator
            ), z

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), ``(*B)``, by quadrature; differentiable in a and b."""
        validate.event_size("x", x, 2)
        log_p = exact.log_integral(
            lambda z: self.log_joint(x, _over_batch(z, x)), dtype=x.dtype, device=x.device
        )
        return log_p

    def posterior_moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of p(z | x), each ``(*B)``, by quadrature."""
        grid = torch.linspace(-12.0, 12.0, 4001, dtype=x.dtype, device=x.device)
        log_joint = self.log_joint(x, _over_batch(grid.unsqueeze(-1), x))
        weights = log_joint.softmax(0)
        z = grid.view((-1,) + (1,) * (x.dim() - 1))
        mean = (weights * z).sum(0)
        return mean, (weights * (z - mean).square()).sum(0).sqrt()

    def log_posterior(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(z | x) = log p(x, z) - log p(x), ``(K, *B)``."""
        return self.log_joint(x, z) - self.log_evidence(x)


def _over_batch(z: Tensor, x: Tensor) -> Tensor:
    """A grid ``(points, 1)`` as latents ``(points, *1, 1)`` that broadcast over the batch of x."""
    return z.view((-1,) + (1,) * x.dim())
