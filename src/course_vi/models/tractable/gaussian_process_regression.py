r"""Gaussian-process regression: a prior over functions, with everything about it in closed form."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import CholeskyNormal
from course_vi.models.base import Model

__all__ = ["KERNELS", "GaussianProcessRegression"]


def _distance(scaled_squares: Tensor) -> Tensor:
    """The root, with a slope of zero at zero (where the kernels that use it are flat or not differentiable)."""
    zero = torch.zeros_like(scaled_squares)
    safe = torch.where(scaled_squares > 0, scaled_squares, zero + 1)
    return torch.where(scaled_squares > 0, safe.sqrt(), zero)


def _matern(scaled_squares: Tensor, half: int) -> Tensor:
    r = math.sqrt(2 * half + 1) * _distance(scaled_squares)
    return ({0: 1 + 0 * r, 1: 1 + r, 2: 1 + r + r.square() / 3}[half]) * (-r).exp()


#: Correlation as a function of the squared distance in units of the lengthscales, from the smoothest to the roughest.
KERNELS = {
    "rbf": lambda squares: (-0.5 * squares).exp(),
    "matern52": lambda squares: _matern(squares, 2),
    "matern32": lambda squares: _matern(squares, 1),
    "matern12": lambda squares: _matern(squares, 0),
}


class GaussianProcessRegression(Model):
    r"""Noisy values of an unknown function at N known inputs.

    .. math:: f \sim N(0, K), \quad K_{ij} = s^2 k(u_i, u_j), \qquad x \mid f \sim N(f, \sigma^2 I), \qquad
              \log p(x) = -\tfrac12 x^\top (K + \sigma^2 I)^{-1} x - \tfrac12 \log |K + \sigma^2 I| - \tfrac N2 \log 2\pi

    A datum x ``(N,)`` is one set of values, all at the same inputs u; the latent z = f is the function there, ``(K, *B, N)``. The
    parameters are logarithms (lengthscale, s, sigma), so that **ML-II** (empirical Bayes: choose them by the evidence) is plain
    gradient ascent of ``log_evidence``. Time :math:`O(N^3)`.

    Args:
        inputs: u, ``(N, Du)``. They are part of the model, not learned.
        lengthscale: one number, or one for each column of the inputs (automatic relevance determination).
        scale: s, the standard deviation of f.
        noise: :math:`\sigma`, the standard deviation of the noise.
        kernel: ``"rbf"``, ``"matern52"``, ``"matern32"`` or ``"matern12"``.
        jitter: added to the diagonal of K in units of :math:`s^2`, where K alone must be factorized (prior, joint): smooth kernels
            at close inputs are singular to working precision. It is part of the model everywhere, so that joint = evidence x posterior.
            By default 1e-6, or a thousand times the working precision if that is more (in float32).

    Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, chapters 2, 4 and 5.

    >>> model = GaussianProcessRegression(torch.linspace(0, 1, 5).unsqueeze(-1), lengthscale=0.3, noise=0.1)
    >>> x = torch.zeros(3, 5)                            # three functions, seen at the same five inputs
    >>> model.log_evidence(x).shape, model.predict(x, torch.zeros(2, 1)).mean.shape
    (torch.Size([3]), torch.Size([3, 2]))
    """

    def __init__(
        self,
        inputs: Tensor,
        lengthscale: float | Tensor = 1.0,
        scale: float = 1.0,
        noise: float = 0.1,
        kernel: str = "rbf",
        jitter: float | None = None,
    ) -> None:
        super().__init__()
        validate.one_of("kernel", kernel, tuple(KERNELS))
        if inputs.dim() != 2 or inputs.shape[0] == 0:
            raise ValueError(
                f"inputs has shape {tuple(inputs.shape)}; expected (N, Du) with at least one row"
            )
        validate.finite("inputs", inputs)
        lengths = torch.as_tensor(lengthscale, dtype=inputs.dtype, device=inputs.device)
        if lengths.shape not in {(), (inputs.shape[1],)}:
            raise ValueError(
                f"lengthscale has shape {tuple(lengths.shape)}; expected one number, or {inputs.shape[1]}"
            )
        for name, value in (
            ("lengthscale", float(lengths.min())),
            ("scale", scale),
            ("noise", noise),
        ):
            if not value > 0:
                raise ValueError(f"{name} is {value}; expected a positive number")
        jitter = max(1e-6, 1e3 * torch.finfo(inputs.dtype).eps) if jitter is None else jitter
        if not jitter >= 0:
            raise ValueError(f"jitter is {jitter}; expected zero or a positive number")
        self.latent_dim = self.data_dim = len(inputs)
        self.kernel, self.jitter = kernel, jitter
        self.register_buffer("inputs", inputs.clone())
        self.log_lengthscale = nn.Parameter(lengths.log())
        self.log_scale, self.log_noise = (
            nn.Parameter(inputs.new_tensor(value).log()) for value in (scale, noise)
        )

    def covariance(self, u: Tensor, v: Tensor) -> Tensor:
        r""":math:`s^2 k(u_i, v_j)`, ``(N, M)``, without jitter."""
        validate.event_size("u", u, self.get_buffer("inputs").shape[1])
        validate.event_size("v", v, u.shape[1])
        squares = (
            ((u.unsqueeze(-2) - v.unsqueeze(-3)) / self.log_lengthscale.exp()).square().sum(-1)
        )
        out: Tensor = (2 * self.log_scale).exp() * KERNELS[self.kernel](squares)
        return out

    def _gram(self) -> Tensor:
        u = self.get_buffer("inputs")
        return self.covariance(u, u) + self.jitter * (2 * self.log_scale).exp() * torch.eye(
            len(u), dtype=u.dtype, device=u.device
        )

    def _noisy_root(self) -> Tensor:
        gram = self._gram()
        return _cholesky(
            gram
            + (2 * self.log_noise).exp()
            * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
        )

    def prior(self) -> CholeskyNormal:
        """p(f) at the inputs."""
        return CholeskyNormal(
            torch.zeros_like(self.get_buffer("inputs")[:, 0]), _cholesky(self._gram())
        )

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        off = (x - z) * (-self.log_noise).exp()
        likelihood = (-0.5 * off.square() - self.log_noise - 0.5 * math.log(2 * math.pi)).sum(-1)
        return {"prior": self.prior().log_prob(z), "likelihood": likelihood}

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """n functions and their noisy values."""
        validate.positive_integer("n", n)
        like = self.get_buffer("inputs")
        eps = torch.randn(
            2, n, self.latent_dim, generator=generator, dtype=like.dtype, device=like.device
        )
        with torch.no_grad():
            z = self.prior().transport(eps[0])
            return z + self.log_noise.exp() * eps[1], z

    def _check(self, x: Tensor) -> None:
        validate.event_size("x", x, self.data_dim)
        validate.same_place("x", x, "the inputs", self.get_buffer("inputs"))
        validate.finite("x", x)

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), ``(*B)``; differentiable in the three parameters, which is ML-II."""
        self._check(x)
        return CholeskyNormal(
            torch.zeros_like(self.get_buffer("inputs")[:, 0]), self._noisy_root()
        ).log_prob(x)

    def posterior(self, x: Tensor) -> CholeskyNormal:
        """p(f | x) at the inputs: a mean ``(*B, N)``, and one covariance for all (it does not depend on x)."""
        self._check(x)
        return self._given(x, self._gram(), self._gram())

    def predict(self, x: Tensor, inputs: Tensor) -> CholeskyNormal:
        r"""p(f* | x) at new inputs ``(M, Du)``: means ``(*B, M)`` and one covariance; add noise^2 to it to predict data.

        .. math:: m = K_{*}^\top (K + \sigma^2 I)^{-1} x, \qquad S = K_{**} - K_{*}^\top (K + \sigma^2 I)^{-1} K_{*}
        """
        self._check(x)
        validate.event_size("inputs", inputs, self.get_buffer("inputs").shape[1])
        jitter = (
            self.jitter
            * (2 * self.log_scale).exp()
            * torch.eye(len(inputs), dtype=x.dtype, device=x.device)
        )
        return self._given(
            x,
            self.covariance(self.get_buffer("inputs"), inputs),
            self.covariance(inputs, inputs) + jitter,
        )

    def _given(self, x: Tensor, cross: Tensor, own: Tensor) -> CholeskyNormal:
        root = self._noisy_root()
        half = torch.linalg.solve_triangular(root, cross, upper=False)  # L^-1 K_*
        white = torch.linalg.solve_triangular(root, x.reshape(-1, self.data_dim).mT, upper=False)
        mean = (white.mT @ half).reshape(*x.shape[:-1], cross.shape[-1])
        return CholeskyNormal(mean, _cholesky(own - half.mT @ half))


def _cholesky(matrix: Tensor) -> Tensor:
    root, failed = torch.linalg.cholesky_ex((matrix + matrix.mT) / 2)
    if failed:
        raise ValueError(
            "a covariance of the Gaussian process is singular to working precision; expected a larger jitter or noise, inputs "
            "that are not so close for their lengthscale, or float64"
        )
    return root
