r"""Sets of normal points whose mean and spread are both unknown, and the statistician who knows what they say.

.. math:: \tau \sim \mathrm{Gamma}(a, b), \qquad \mu \mid \tau \sim N(m, 1/(k \tau)), \qquad
          x_1, \dots, x_n \mid \mu, \tau \sim N(\mu, 1/\tau)

The posterior is of the prior's form, so that a network which writes its four numbers can be right, and the divergence between two of them
is exact: log p of a set minus the ELBO, with no sample in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.special import digamma

from course_vi import validate
from course_vi.distributions.conjugate import NormalGammaParameters
from course_vi.nets import join

__all__ = [
    "POOLS",
    "PRIOR",
    "draw_sets",
    "exact_log_evidence",
    "normal_gamma_kl",
    "posterior_gap",
]

PRIOR = NormalGammaParameters(0.0, 0.25, 3.0, 3.0)


def draw_sets(
    shape: Sequence[int], size: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Sets ``(*shape, size)`` in float64, the :math:`\mu` and the :math:`\tau` of each, ``(*shape)``.

    >>> draw_sets((5, 7), 3)[0].shape
    torch.Size([5, 7, 3])
    """
    validate.positive_integer("size", size)
    m, k, a, b = (float(each) for each in PRIOR)
    like = torch.empty(tuple(shape), dtype=torch.float64)
    tau = torch._standard_gamma(torch.full_like(like, a), generator) / b
    eps = torch.randn(*shape, size + 1, generator=generator, dtype=torch.float64)
    mu = m + eps[..., 0] / (k * tau).sqrt()
    return mu.unsqueeze(-1) + eps[..., 1:] / tau.sqrt().unsqueeze(-1), mu, tau


def _posterior(x: Tensor) -> NormalGammaParameters:
    """The exact statistician, as in ``models.NormalGamma``, of sets ``(*B, n)``: four numbers each, ``(*B)``."""
    m, k, a, b = (float(each) for each in PRIOR)
    n, mean = x.shape[-1], x.mean(-1)
    scatter = (x - mean.unsqueeze(-1)).square().sum(-1)
    rate = b + 0.5 * scatter + 0.5 * k * n * (mean - m).square() / (k + n)
    return NormalGammaParameters(
        (k * m + n * mean) / (k + n),
        torch.full_like(mean, k + n),
        torch.full_like(mean, a + 0.5 * n),
        rate,
    )


def exact_log_evidence(x: Tensor) -> Tensor:
    """log p(x_1..x_n), ``(*B)``, from the constants of prior and posterior."""
    _, k, a, b = PRIOR
    _, strength, shape, rate = (torch.as_tensor(part) for part in _posterior(x))
    return (
        shape.lgamma()
        - math.lgamma(a)
        + a * math.log(b)
        - shape * rate.log()
        + 0.5 * (math.log(k) - strength.log())
        - 0.5 * x.shape[-1] * math.log(2 * math.pi)
    )


def normal_gamma_kl(q: NormalGammaParameters, p: NormalGammaParameters) -> Tensor:
    r"""KL(q || p), ``(*B)``: that of the two gammas, and the mean under q's gamma of that of the two normals.

    >>> one = NormalGammaParameters(*(torch.tensor(value) for value in (0.0, 1.0, 2.0, 2.0)))
    >>> float(normal_gamma_kl(one, one))
    0.0
    """
    like = next((part for part in (*q, *p) if isinstance(part, Tensor)), torch.zeros(()))
    m, k, a, b = (torch.as_tensor(part, dtype=like.dtype) for part in q)
    pm, pk, pa, pb = (torch.as_tensor(part, dtype=like.dtype) for part in p)
    gammas = (
        (a - pa) * digamma(a)
        - a.lgamma()
        + pa.lgamma()
        + pa * (b.log() - pb.log())
        + a * (pb - b) / b
    )
    normals = 0.5 * (pk / k - 1 - pk.log() + k.log() + pk * (m - pm).square() * a / b)
    return gammas + normals


def posterior_gap(q: NormalGammaParameters, x: Tensor) -> Tensor:
    """KL from what a network says to the exact posterior of the sets ``(*B, n)``: log p minus the ELBO, exactly, ``(*B)``."""
    return normal_gamma_kl(q, _posterior(x))


#: Features ``(*B, n, F)`` of the points to one row for the set, ``(*B, F)``; the last with the size beside.
POOLS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda features: features.mean(-2),
    "max": lambda features: features.amax(-2),
    "sum": lambda features: features.sum(-2),
    "mean and size": lambda features: join(
        features.mean(-2), features.new_full((1,), math.log(features.shape[-2]))
    ),
}
