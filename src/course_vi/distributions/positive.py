r"""Densities on the positive line and on the unit interval, reparametrized implicitly.

A Gamma variable has a map from noise, :math:`z = F_\alpha^{-1}(\Phi(\epsilon))`, but no formula for it. Its derivative has one, for
:math:`F_\alpha(z) = \Phi(\epsilon)` holds whatever alpha is; differentiate both sides in alpha at fixed noise:

.. math:: \frac{\partial F_\alpha(z)}{\partial \alpha} + q_\alpha(z)\, \frac{dz}{d\alpha} = 0
          \quad\Rightarrow\quad \frac{dz}{d\alpha} = -\frac{\partial F_\alpha(z) / \partial \alpha}{q_\alpha(z)} .

So the value comes from a quantile function, which needs no derivative, and the gradient from the distribution function alone.

Source: Figurnov, Mohamed and Mnih, "Implicit reparameterization gradients", NeurIPS 2018.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import special
from torch import Size, Tensor
from torch.autograd.function import once_differentiable
from torch.distributions import Distribution, constraints

from course_vi.distributions.density import Printed, broadcast

__all__ = ["BetaVector", "GammaVector", "gamma_quantile"]

LARGE = 400.0  # concentrations from which the expansion is used: its next term is below 1e-6 there, for noise up to 5


def gamma_quantile(concentration: Tensor, eps: Tensor) -> Tensor:
    r"""z ~ Gamma(alpha, 1) as a function of standard normal noise, :math:`z = F_\alpha^{-1}(\Phi(\epsilon))`, in the broadcast shape.

    Differentiable once, in alpha (implicitly) and in eps. Computed by SciPy in double precision, on the CPU, whatever the device.

    >>> alpha = torch.tensor(1.0, requires_grad=True)                 # an exponential variable: its median is log 2
    >>> z = gamma_quantile(alpha, torch.tensor(0.0))
    >>> z.backward(); round(z.item(), 4), round(alpha.grad.item(), 4)
    (0.6931, 0.968)
    """
    z: Tensor = _Quantile.apply(concentration, eps)
    return z


class _Quantile(torch.autograd.Function):
    """Forward by SciPy's quantile functions, each in its own tail; backward by the distribution function and the density."""

    @staticmethod
    def forward(ctx: Any, concentration: Tensor, eps: Tensor) -> Tensor:
        alpha, noise = np.broadcast_arrays(_numpy(concentration), _numpy(eps))
        upper, tail, z = noise > 0, special.ndtr(-np.abs(noise)), np.empty(noise.shape)
        z[upper] = special.gammainccinv(alpha[upper], tail[upper])
        z[~upper] = special.gammaincinv(alpha[~upper], tail[~upper])
        value = torch.from_numpy(z).to(eps).clamp(min=torch.finfo(eps.dtype).tiny)
        ctx.save_for_backward(concentration, eps, value)
        return value

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        concentration, eps, value = ctx.saved_tensors
        alpha, noise, z = np.broadcast_arrays(_numpy(concentration), _numpy(eps), _numpy(value))
        log_density = (alpha - 1) * np.log(z) - z - special.gammaln(alpha)
        implicit = (
            -_cdf_slope(alpha, z, noise > 0) / np.exp(log_density),
            np.exp(-0.5 * noise**2 - 0.5 * np.log(2 * np.pi) - log_density),
        )
        slopes = [
            np.where(alpha > LARGE, series, slope)
            for series, slope in zip(_series_slopes(alpha, noise), implicit, strict=True)
        ]
        both = [
            (grad * torch.as_tensor(slope).to(grad)).sum_to_size(like.shape) if needed else None
            for slope, like, needed in zip(
                slopes, (concentration, eps), ctx.needs_input_grad, strict=True
            )
        ]
        return both[0], both[1]


def _cdf_slope(alpha: np.ndarray, z: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """The derivative of F_alpha(z) in alpha, by central differences of fourth order, taken in the smaller tail."""
    step = np.minimum(1e-3 * np.maximum(alpha, 0.1), alpha / 4)

    def cdf(a: np.ndarray) -> np.ndarray:
        return np.where(upper, -special.gammaincc(a, z), special.gammainc(a, z))

    slope: np.ndarray = (
        8 * (cdf(alpha + step) - cdf(alpha - step))
        - (cdf(alpha + 2 * step) - cdf(alpha - 2 * step))
    ) / (12 * step)
    return slope


def _series_slopes(alpha: np.ndarray, eps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""dz/dalpha and dz/deps for a large alpha, where differences of F lose their digits, by Cornish and Fisher's expansion.

    .. math:: z = \alpha + \epsilon \sqrt\alpha + \frac{\epsilon^2 - 1}3 + \frac{\epsilon^3 - 7 \epsilon}{36 \sqrt\alpha}
              - \frac{3 \epsilon^4 + 7 \epsilon^2 - 16}{810 \alpha} + O(\alpha^{-3/2})
    """
    a = np.maximum(alpha, LARGE)
    root = np.sqrt(a)
    third, fourth = (eps**3 - 7 * eps) / 36, (3 * eps**4 + 7 * eps**2 - 16) / 810
    return (
        1 + eps / (2 * root) - third / (2 * a * root) + fourth / a**2,
        root + 2 * eps / 3 + (3 * eps**2 - 7) / (36 * root) - (12 * eps**3 + 14 * eps) / (810 * a),
    )


def _numpy(value: Tensor) -> np.ndarray:
    array: np.ndarray = value.detach().to("cpu", torch.float64).numpy()
    return array


class _Positive(Printed, Distribution):
    """What the two share: two rows of logarithms, and z = t(eps) from standard normal noise."""

    arg_constraints: dict[str, constraints.Constraint] = {}
    has_rsample = True

    def __init__(self, first: Tensor, second: Tensor, noise_dim: int) -> None:
        self.noise_dim, self._like = noise_dim, first
        super().__init__(
            broadcast(first.shape[:-1], second.shape[:-1]), first.shape[-1:], validate_args=False
        )

    def transport(self, eps: Tensor) -> Tensor:
        raise NotImplementedError

    def rsample(
        self,
        sample_shape: Size | list[int] | tuple[int, ...] = (),
        generator: torch.Generator | None = None,
    ) -> Tensor:
        shape = (*sample_shape, *self._batch_shape, self.noise_dim)
        return self.transport(
            torch.randn(
                shape, generator=generator, dtype=self._like.dtype, device=self._like.device
            )
        )


class GammaVector(_Positive):
    r"""Independent Gamma variables, :math:`z = F_\alpha^{-1}(\Phi(\epsilon)) / \beta`.

    .. math:: \log q(z) = \sum_d \alpha_d \log \beta_d + (\alpha_d - 1) \log z_d - \beta_d z_d - \log \Gamma(\alpha_d)

    Args:
        log_concentration, log_rate: logarithms of alpha and beta, ``(*B, D)``.

    >>> q = GammaVector(torch.tensor([3.0]).log(), torch.tensor([2.0]).log())
    >>> q.mean, q.variance
    (tensor([1.5000]), tensor([0.7500]))
    """

    support = constraints.independent(constraints.positive, 1)

    def __init__(self, log_concentration: Tensor, log_rate: Tensor) -> None:
        self.log_concentration, self.log_rate = log_concentration, log_rate
        super().__init__(log_concentration, log_rate, log_concentration.shape[-1])

    @property
    def mean(self) -> Tensor:
        return (self.log_concentration - self.log_rate).exp()

    @property
    def variance(self) -> Tensor:
        return (self.log_concentration - 2 * self.log_rate).exp()

    def transport(self, eps: Tensor) -> Tensor:
        return gamma_quantile(self.log_concentration.exp(), eps) * (-self.log_rate).exp()

    def log_prob(self, value: Tensor) -> Tensor:
        alpha = self.log_concentration.exp()
        terms = (
            alpha * self.log_rate
            + torch.xlogy(alpha - 1, value)
            - self.log_rate.exp() * value
            - torch.lgamma(alpha)
        )
        return terms.masked_fill(value < 0, -torch.inf).sum(-1)

    def entropy(self) -> Tensor:
        alpha = self.log_concentration.exp()
        return (
            alpha - self.log_rate + torch.lgamma(alpha) + (1 - alpha) * torch.digamma(alpha)
        ).sum(-1)

    def detach(self) -> GammaVector:
        return GammaVector(self.log_concentration.detach(), self.log_rate.detach())


class BetaVector(_Positive):
    r"""Independent Beta variables, :math:`z = g_1 / (g_1 + g_0)` with two Gamma variables of unit rate: noise has 2 D entries.

    .. math:: \log q(z) = \sum_d (a_d - 1) \log z_d + (b_d - 1) \log(1 - z_d) - \log B(a_d, b_d)

    Args:
        log_a, log_b: logarithms of a (counts ones) and b (counts zeros), ``(*B, D)``.

    >>> BetaVector(torch.tensor([3.0]).log(), torch.tensor([1.0]).log()).mean
    tensor([0.7500])
    """

    support = constraints.independent(constraints.unit_interval, 1)

    def __init__(self, log_a: Tensor, log_b: Tensor) -> None:
        self.log_a, self.log_b = log_a, log_b
        super().__init__(log_a, log_b, 2 * log_a.shape[-1])

    @property
    def mean(self) -> Tensor:
        return (self.log_a - self.log_b).sigmoid()

    @property
    def variance(self) -> Tensor:
        spread = (self.log_a - self.log_b).sigmoid() * (self.log_b - self.log_a).sigmoid()
        return spread / (1 + self.log_a.exp() + self.log_b.exp())

    def transport(self, eps: Tensor) -> Tensor:
        ones, zeros = (
            gamma_quantile(log.exp(), noise)
            for log, noise in zip((self.log_a, self.log_b), eps.chunk(2, -1), strict=True)
        )
        limits = torch.finfo(eps.dtype)
        return (ones / (ones + zeros)).clamp(limits.tiny, 1 - limits.eps)

    def log_prob(self, value: Tensor) -> Tensor:
        a, b = self.log_a.exp(), self.log_b.exp()
        terms = torch.xlogy(a - 1, value) + torch.special.xlog1py(b - 1, -value) - _log_beta(a, b)
        return terms.masked_fill((value < 0) | (value > 1), -torch.inf).sum(-1)

    def entropy(self) -> Tensor:
        a, b = self.log_a.exp(), self.log_b.exp()
        both = (
            (a + b - 2) * torch.digamma(a + b)
            - (a - 1) * torch.digamma(a)
            - (b - 1) * torch.digamma(b)
        )
        return (_log_beta(a, b) + both).sum(-1)

    def detach(self) -> BetaVector:
        return BetaVector(self.log_a.detach(), self.log_b.detach())


def _log_beta(a: Tensor, b: Tensor) -> Tensor:
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)
