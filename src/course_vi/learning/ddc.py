r"""Helmholtz machines without a density: the recognition net says a list of expectations, and that is all that learning asks of it.

A distributed distributional code (DDC) of p(z | x) is the vector of posterior means of chosen statistics T of z. Any function of z that is
linear in T has a posterior mean that is linear in the code; no family is named, so that none restricts the posterior: correlations and
several modes are said as easily as means, if T can tell them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import log_joint
from course_vi.learning.fit import fit
from course_vi.learning.history import History
from course_vi.models.base import Model

__all__ = [
    "DDC",
    "RandomFeatures",
    "ddc_sleep_phase",
    "ddc_wake_phase",
    "ddc_wake_sleep",
    "first_and_second_moments",
]


def first_and_second_moments(z: Tensor) -> Tensor:
    """T(z) = (z_i, z_i z_j for i <= j), ``(*, D + D (D + 1) / 2)``: all that a Gaussian or a pair of bits asks for.

    >>> first_and_second_moments(torch.tensor([2.0, 3.0]))
    tensor([2., 3., 4., 6., 9.])
    """
    row, column = torch.triu_indices(z.shape[-1], z.shape[-1], device=z.device)
    return torch.cat([z, z[..., row] * z[..., column]], -1)


class RandomFeatures(nn.Module):
    r"""T(z) = (z, tanh(A z + b)) with A and b drawn once: statistics for posteriors of no known form.

    Args:
        dim, count: D and the number of features beside z itself.
        scale: standard deviation of A's entries times the root of D.
        generator: draws A and b.

    >>> RandomFeatures(2, 10)(torch.zeros(7, 5, 2)).shape
    torch.Size([7, 5, 12])
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self, dim: int, count: int, scale: float = 2.0, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.register_buffer(
            "weight", scale * torch.randn(count, dim, generator=generator) / dim**0.5
        )
        self.register_buffer("bias", scale * torch.randn(count, generator=generator))

    def forward(self, z: Tensor) -> Tensor:
        return torch.cat([z, torch.tanh(z @ self.weight.mT + self.bias)], -1)

    def extra_repr(self) -> str:
        return f"dim={self.weight.shape[1]}, count={self.weight.shape[0]}"


class DDC(Family):
    r"""A code of the posterior, :math:`r_\phi(x) \approx \mathbb E_{p(z \mid x)}\, T(z)`: no density, no samples, but expectations.

    Args:
        dim: D.
        statistics: T, from ``(*, D)`` to ``(*, M)``; a constant is added for you.
        net: r, from ``(*B, Dx)`` to ``(*B, M)``.

    Source: Vertes and Sahani, "Flexible and accurate inference and learning for deep generative models", NeurIPS 2018.

    >>> q = DDC(1, first_and_second_moments, nn.Linear(1, 2))
    >>> q.code(torch.zeros(5, 1)).shape
    torch.Size([5, 2])
    """

    reparametrized = False

    def __init__(self, dim: int, statistics: Callable[[Tensor], Tensor], net: nn.Module) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        self.dim, self.noise_dim, self.statistics, self.net = dim, 0, statistics, net

    def distribution(self, x: Tensor | None = None) -> Any:
        raise TypeError(
            "q is a DDC, which has expectations and no density; expected learning.ddc_wake_sleep, or another family"
        )

    def code(self, x: Tensor) -> Tensor:
        """r(x), ``(*B, M)``."""
        answer: Tensor = self.net(x)
        return answer

    def weights(self, x: Tensor, z: Tensor, ridge: float = 1e-4) -> Tensor:
        r"""How to average over given ``z: (S, D)`` so that every function linear in T gets the mean that the code says.

        .. math:: w_s(x) = \tfrac1S \Big[1 + (T(z_s) - \bar T)^\top (C + \lambda I)^{-1} (r(x) - \bar T)\Big], \qquad
                  C = \tfrac1S \sum_s (T(z_s) - \bar T)(T(z_s) - \bar T)^\top

        The same as regressing the function on T over the z's and reading the code out: :math:`\sum_s w_s f(z_s)` is the fitted line at
        r(x). The weights add up to one; some may be negative.

        Args:
            ridge: :math:`\lambda` in units of the mean of C's diagonal.

        Returns:
            ``(S, *B)``.

        Raises:
            ValueError: the z's do not tell the statistics apart, and there is no ridge; shapes that do not fit; NaN in x.
        """
        validate.event_size("z", z, self.dim)
        validate.finite("x", x)
        features, code = self.statistics(z), self.code(x)
        validate.event_size("the net's answer", code, features.shape[-1])
        centred = features - features.mean(0)
        scatter = centred.mT @ centred / len(z)
        scatter = scatter + ridge * scatter.diagonal().mean() * torch.eye(
            len(scatter), dtype=z.dtype, device=z.device
        )
        root, failed = torch.linalg.cholesky_ex(scatter)
        if bool(failed):
            raise ValueError(
                f"{len(z)} latents do not tell {len(scatter)} statistics apart; expected more of them, or a larger ridge"
            )
        directions = torch.cholesky_solve(centred.mT, root)  # (M, S)
        return (1 + ((code - features.mean(0)) @ directions).movedim(-1, 0)) / len(z)


def ddc_sleep_phase(
    p: Model, q: DDC, dreams: int, generator: torch.Generator | None = None
) -> Tensor:
    r"""Teach the code by regression on dreams, whose causes are known.

    .. math:: \hat g_\phi = -\tfrac12 \nabla_\phi \lVert T(z) - r_\phi(x) \rVert^2, \qquad (x, z) \sim p_\theta(x, z)

    Unbiased for the gradient of the mean squared error, whose minimum over all functions is :math:`r(x) = \mathbb E[T(z) \mid x]`.

    Returns:
        ``(dreams,)``: minus half the squared errors.
    """
    validate.positive_integer("dreams", dreams)
    with torch.no_grad():
        x, z = p.sample(dreams, generator)
        like = next(q.parameters())
        wanted = q.statistics(z.to(like))
    return -0.5 * (wanted - q.code(x.to(like))).square().sum(-1)


def ddc_wake_phase(
    p: Model,
    q: DDC,
    x: Tensor,
    dreams: int = 500,
    generator: torch.Generator | None = None,
    ridge: float = 1e-4,
) -> Tensor:
    r"""Teach the generative net what the code expects at the data.

    .. math:: \hat g_\theta = \nabla_\theta \sum_s w_s(x) \log p_\theta(x, z_s) \approx
              \mathbb E_{p(z \mid x)} \nabla_\theta \log p_\theta(x, z) = \nabla_\theta \log p_\theta(x), \qquad z_s \sim p_\theta(z)

    Exact, whatever the dreams, if the code is and every slope of log p is linear in T as a function of z; otherwise each slope is
    replaced by its regression on T.

    Returns:
        ``(*B)``: the code's mean of log p(x, z), with the gradient of theta and nothing for phi. **No bound**: a code has no entropy.
    """
    validate.positive_integer("dreams", dreams)
    with torch.no_grad():
        like = next(q.parameters())
        z = p.sample(dreams, generator)[1].to(like)
        weights = q.weights(x, z, ridge)
    log_p = log_joint(
        p, x, z.view(dreams, *(1,) * (x.dim() - 1), -1).expand(dreams, *x.shape[:-1], -1)
    )
    return (weights * log_p).sum(0)


def ddc_wake_sleep(
    p: Model,
    q: DDC,
    x: Tensor,
    steps: int = 1000,
    dreams: int = 500,
    ridge: float = 1e-4,
    **options: Any,
) -> History:
    """Alternate the two phases, as ``wake_sleep`` does.

    Args:
        p: a model with local latents that can ``sample``.
        q: a ``DDC`` over them.
        x: data, ``(N, Dx)``.
        dreams: for each phase of each step; more than there are statistics.
        ridge: see ``DDC.weights``.
        options: ``learning_rate``, ``batch_size``, ``seed``, ``optimizer``, ``callback``, ``progress``, ``device``: as in ``fit``.

    Returns:
        A ``History``; in place of a bound it has the code's mean of log p(x, z).

    Source: Vertes and Sahani, NeurIPS 2018.

    >>> from course_vi.models import SigmoidBeliefNet
    >>> from course_vi.nets import mlp
    >>> p, q = SigmoidBeliefNet((4, 2)), DDC(2, first_and_second_moments, mlp(4, 8, 5))
    >>> ddc_wake_sleep(p, q, torch.ones(10, 4), steps=5, dreams=50, progress=False).bound.shape
    torch.Size([5])
    """
    if not p.local:
        raise ValueError(
            f"the latents of {type(p).__name__} are global; expected local ones: each datum, and each dream, has its own"
        )

    def estimator(
        p: Model,
        q: Family,
        x: Tensor,
        num_samples: int = 1,
        bound: Bound = elbo,
        generator: torch.Generator | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        asleep = ddc_sleep_phase(p, cast(DDC, q), dreams, generator).mean()
        return ddc_wake_phase(p, cast(DDC, q), x, dreams, generator, ridge) + (
            asleep - asleep.detach()
        )

    return fit(p, q, x, estimator, steps, 1, elbo, **options)
