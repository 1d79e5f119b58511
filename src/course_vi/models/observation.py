r"""The last line of a deep model: what its numbers say about the data, bits or real numbers."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent

from course_vi.distributions import DiagonalNormal

__all__ = ["Observation"]


class Observation(nn.Module):
    r"""Independent bits, :math:`x_i \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(f_i))`, or normal numbers, :math:`x_i \sim N(f_i, \sigma^2)`.

    Args:
        noise_scale: None for bits; for normal numbers the :math:`\sigma` to begin with, learned as a logarithm.

    >>> Observation()(torch.zeros(7, 5, 3)).log_prob(torch.ones(5, 3)).shape
    torch.Size([7, 5])
    >>> Observation(noise_scale=1.0)(torch.zeros(2)).log_prob(torch.zeros(2))
    tensor(-1.8379, grad_fn=<SubBackward0>)
    """

    def __init__(self, noise_scale: float | None = None) -> None:
        super().__init__()
        if noise_scale is not None and not 0 < noise_scale < math.inf:
            raise ValueError(f"noise_scale is {noise_scale}; expected a positive number, or None for binary data")
        self.log_noise_scale = None if noise_scale is None else nn.Parameter(torch.tensor(math.log(noise_scale)))

    def forward(self, numbers: Tensor) -> DiagonalNormal | Independent:
        """p(x | f) for ``numbers: (*B, Dx)``."""
        if self.log_noise_scale is None:
            return Independent(Bernoulli(logits=numbers, validate_args=False), 1, validate_args=False)
        return DiagonalNormal(numbers, self.log_noise_scale.expand(numbers.shape[-1]))

    @torch.no_grad()
    def draw(self, numbers: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """x ~ p(x | f), in the shape of the numbers."""
        if self.log_noise_scale is None:
            return torch.bernoulli(numbers.sigmoid(), generator=generator)
        noise = torch.randn(numbers.shape, generator=generator, dtype=numbers.dtype, device=numbers.device)
        return numbers + self.log_noise_scale.exp() * noise
