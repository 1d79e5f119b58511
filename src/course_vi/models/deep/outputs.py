r"""What a network's output means: the parameters of independent bits, or the mean and the scale of a diagonal normal."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Bernoulli, Independent

from course_vi import validate
from course_vi.distributions import DiagonalNormal

__all__ = ["Bits", "Normals", "Output", "output"]

KINDS = ("network", "diagonal", "shared")


class Output(nn.Module):
    """p(x | raw) for what a network wrote, ``raw: (*B, width)``.

    Attributes:
        dim: Dx, the size of x.
        width: how many numbers the network has to write.
    """

    dim: int
    width: int

    def density(self, raw: Tensor) -> Independent | DiagonalNormal:
        """The distribution, with events of size Dx; its ``mean`` is the picture to show."""
        raise NotImplementedError

    def log_prob(self, raw: Tensor, x: Tensor) -> Tensor:
        """log p(x | raw), ``(*B)``; their axes in front are matched from the right."""
        return self.density(raw).log_prob(x)

    def check(self, name: str, x: Tensor) -> None:
        """Refuse data outside the support, under the name of the argument that holds them."""

    def draw(self, raw: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """x ~ p(x | raw), ``(*B, Dx)``, without a graph."""
        raise NotImplementedError


class Bits(Output):
    r"""Independent bits whose logits the network writes: :math:`x_i \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(r_i))`.

    Args:
        dim: Dx.
        grey: take pixels in [0, 1], each as the probability of a bit that was never drawn, and score the expected bits,

            .. math:: \mathbb E_{b_i \sim \mathrm{Bernoulli}(x_i)} \log p(b \mid r)
                      = \sum_i x_i \log \sigma(r_i) + (1 - x_i) \log \sigma(-r_i).

            That is no log-density of x: its exponential does not integrate to one, and a bound on it is no bound on log p(x). Draws
            stay bits.

    >>> Bits(3).log_prob(torch.zeros(3), torch.ones(3)).exp()
    tensor(0.1250)
    """

    def __init__(self, dim: int, grey: bool = False) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        self.dim = self.width = dim
        self.grey = grey

    def check(self, name: str, x: Tensor) -> None:
        if self.grey:
            validate.unit_interval(name, x)
        else:
            validate.bits(name, x)

    def density(self, raw: Tensor) -> Independent:
        return Independent(Bernoulli(logits=raw, validate_args=False), 1, validate_args=False)

    def log_prob(self, raw: Tensor, x: Tensor) -> Tensor:
        raw, x = torch.broadcast_tensors(raw, x)
        return -F.binary_cross_entropy_with_logits(raw, x, reduction="none").sum(-1)

    def draw(self, raw: Tensor, generator: torch.Generator | None = None) -> Tensor:
        with torch.no_grad():
            return torch.bernoulli(raw.sigmoid(), generator=generator)

    def extra_repr(self) -> str:
        return f"dim={self.dim}" + (", grey" if self.grey else "")


class Normals(Output):
    r"""A diagonal normal, :math:`x \sim N(\mu, \mathrm{diag}(\sigma^2))` with :math:`\sigma = \sigma_{\min} + e^{s}`.

    Args:
        dim: Dx.
        scale: where s comes from: ``"network"``, written by the network beside the mean (:math:`\Sigma_\theta(z)`); ``"diagonal"``, a
            learned number for each coordinate; ``"shared"``, one learned number for all; or a positive number, which is the scale, fixed.
        smallest: :math:`\sigma_{\min}`. With zero the likelihood of data that hardly vary in some coordinate has no maximum: it grows
            without bound as that scale shrinks.

    >>> Normals(2, scale=0.5).density(torch.zeros(2)).stddev
    tensor([0.5000, 0.5000])
    >>> Normals(2, "network").width, Normals(2, "shared").width
    (4, 2)
    """

    def __init__(self, dim: int, scale: str | float = "network", smallest: float = 0.0) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        if isinstance(scale, str):
            validate.one_of("scale", scale, KINDS)
        elif not (scale > 0 and math.isfinite(scale)):
            raise ValueError(
                f"scale is {scale}; expected a positive number, or one of {', '.join(map(repr, KINDS))}"
            )
        if not (smallest >= 0 and math.isfinite(smallest)):
            raise ValueError(f"smallest is {smallest}; expected zero or a positive number")
        self.dim, self.scale, self.smallest = dim, scale, smallest
        self.width = 2 * dim if scale == "network" else dim
        if scale in ("diagonal", "shared"):
            self.log_scale = nn.Parameter(torch.zeros(dim if scale == "diagonal" else 1))

    def density(self, raw: Tensor) -> DiagonalNormal:
        if self.scale == "network":
            loc, log_scale = raw.split(self.dim, -1)
            return DiagonalNormal(loc, self._floor(log_scale))
        return DiagonalNormal(raw, self.log_scales(raw))

    def log_scales(self, like: Tensor) -> Tensor:
        """The logarithms of the scales, ``(Dx)``, where they do not depend on the network; a fixed one takes dtype and device of ``like``.

        Raises:
            ValueError: they do.
        """
        if self.scale == "network":
            raise ValueError(
                "scale is 'network': each datum has scales of its own; expected 'diagonal', 'shared' or a number"
            )
        if isinstance(self.scale, str):
            return self._floor(self.log_scale).expand(self.dim)
        return like.new_full((self.dim,), math.log(self.scale))

    def _floor(self, log_scale: Tensor) -> Tensor:
        return (self.smallest + log_scale.exp()).log() if self.smallest else log_scale

    def draw(self, raw: Tensor, generator: torch.Generator | None = None) -> Tensor:
        with torch.no_grad():
            return self.density(raw).rsample(generator=generator)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, scale={self.scale!r}" + (
            f", smallest={self.smallest}" if self.smallest else ""
        )


def output(
    likelihood: str, dim: int, scale: str | float = "network", smallest: float = 0.0
) -> Output:
    """``Bits(dim)`` for ``"bernoulli"``, ``Bits(dim, grey=True)`` for ``"grey"``, ``Normals(dim, scale, smallest)`` for ``"gaussian"``."""
    validate.one_of("likelihood", likelihood, ("bernoulli", "grey", "gaussian"))
    if likelihood == "gaussian":
        return Normals(dim, scale, smallest)
    return Bits(dim, grey=likelihood == "grey")
