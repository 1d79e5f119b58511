r"""Two ways to ask for factors: weigh the KL of the ELBO (beta-VAE), or fine what the latents have in common (FactorVAE).

Averaged over the data, the KL of the ELBO has two parts: what z knows of x, and how far the aggregate q(z) is from the prior,

.. math:: \mathbb E_{x}\, \mathrm{KL}(q(z \mid x) \,\|\, p(z)) = I_q(x; z) + \mathrm{KL}(q(z) \,\|\, p(z)), \quad
          q(z) = \mathbb E_x\, q(z \mid x).

A beta above one presses on both; the **total correlation** of q(z) is the part that is about factors.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.freezing import frozen
from course_vi.gradients.bound_structure import Bound, is_linear
from course_vi.gradients.estimator import draw_noise, log_joint, transport_noise
from course_vi.learning.fit import fit
from course_vi.learning.history import History
from course_vi.models.base import Model

__all__ = [
    "FactorObjective",
    "beta_weighted",
    "factor_vae",
    "permuted",
    "ratio_loss",
    "total_correlation",
]


def beta_weighted(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
    beta: float = 4.0,
) -> Tensor:
    r"""The ELBO with a weight on its KL: the objective of the beta-VAE, reparametrized.

    .. math:: L_\beta = \mathbb E_{q(z \mid x)} \log p_\theta(x \mid z) - \beta\, \mathrm{KL}(q_\phi(z \mid x) \,\|\, p(z)) =
              \mathrm{ELBO} - (\beta - 1)\, \mathrm{KL}(q_\phi(z \mid x) \,\|\, p(z))

    For beta > 1 it is a looser bound on log p(x) than the ELBO; for beta < 1 it is **no bound**: its maximum over q,
    :math:`\beta \log \int p(z)\, p_\theta(x \mid z)^{1/\beta} dz`, is then at least log p(x) (Jensen), and the best q is too sure of
    itself. At beta = 1 it is the ELBO.

    Args:
        p: a model whose factors are ``prior`` and others; beta weighs the prior, and log q with it.
        beta: positive. Give it by ``functools.partial``: ``fit(p, q, x, partial(beta_weighted, beta=4.0))``.
        q, x, num_samples, generator, noise: as in ``gradients.reparametrized``; ``bound`` must be linear in the log weights.

    Returns:
        ``(*B)``: an unbiased estimate of :math:`L_\beta`, and of its gradient.

    Raises:
        ValueError: beta is not positive; a bound that is not linear; a model without a factor named ``prior``.

    Source: Higgins et al., "beta-VAE: learning basic visual concepts with a constrained variational framework", ICLR 2017.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> p, q, x = ConjugateToy(), MeanField(1), torch.tensor([2.0])       # q is the prior here: no KL, no difference
    >>> values = [beta_weighted(p, q, x, noise=torch.zeros(1, 1), beta=beta).item() for beta in (0.5, 1.0, 4.0)]
    >>> values[0] == values[1] == values[2]
    True
    """
    if not beta > 0:
        raise ValueError(f"beta is {beta}; expected a positive number")
    if not is_linear(bound, num_samples):
        raise ValueError(
            "bound is not linear in the log weights; expected bounds.elbo: a weight inside any other is no bound at all"
        )
    eps = draw_noise(p, q, x, num_samples, bound, generator, noise, pathwise=True)
    density = q.distribution(x)
    z = transport_noise(density, eps)
    factors = p.log_factors(x, z)
    if "prior" not in factors:
        raise ValueError(
            f"p has factors {sorted(factors)}; expected one named 'prior', which beta weighs"
        )
    prior = factors.pop("prior")
    fitted = sum(factors.values(), start=torch.zeros_like(prior))
    if fitted.shape != z.shape[:-1]:
        raise ValueError(
            f"p.log_factors gave shape {tuple(fitted.shape)} for z of shape {tuple(z.shape)}; expected {tuple(z.shape[:-1])}"
        )
    return bound(fitted + beta * (prior - density.log_prob(z)))


def permuted(z: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Rows of ``z: (N, D)`` with each column shuffled for itself: as if drawn from the product of the marginals."""
    if z.dim() != 2 or len(z) < 2:
        raise ValueError(
            f"z has shape {tuple(z.shape)}; expected (N, D) with at least two rows to shuffle"
        )
    order = torch.rand(z.shape, generator=generator, device=z.device).argsort(0)
    return z.gather(0, order)


def ratio_loss(
    discriminator: nn.Module, z: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    r"""How badly a net tells rows of z from rows with shuffled columns: the logistic loss, whose best answer is a log density ratio.

    .. math:: \ell(d) = -\tfrac12 \mathbb E_{q(z)} \log \sigma(d(z)) - \tfrac12 \mathbb E_{\prod_j q(z_j)} \log \sigma(-d(z)), \qquad
              d^*(z) = \log \frac{q(z)}{\prod_j q(z_j)}

    Args:
        discriminator: d, from ``(N, D)`` to ``(N, 1)`` or ``(N,)``.
        z: ``(N, D)``.

    Returns:
        A number; log 2 for a net that knows nothing.

    Source: Sugiyama, Suzuki and Kanamori, "Density ratio estimation in machine learning", 2012.
    """
    joint, product = (discriminator(rows).reshape(len(z)) for rows in (z, permuted(z, generator)))
    return 0.5 * (F.softplus(-joint) + F.softplus(product)).mean()


def total_correlation(discriminator: nn.Module, z: Tensor) -> Tensor:
    r"""How far the latents are from independent, by a net that tells the two apart.

    .. math:: \mathrm{TC} = \mathrm{KL}\Big(q(z) \,\Big\|\, \prod_j q(z_j)\Big) = \mathbb E_{q(z)}\, d^*(z) \approx \frac1N \sum_n d(z_n)

    Unbiased for a perfect discriminator and rows it was not trained on; an imperfect one may err to either side. For a Gaussian with
    correlations R the answer is :math:`-\tfrac12 \log \det R`, and the best d is quadratic.

    Returns:
        A number, in nats.
    """
    validate.finite("z", z.detach())
    value: Tensor = discriminator(z).mean()
    return value


class FactorObjective(nn.Module):
    r"""An estimator with a memory: the ELBO minus gamma times the total correlation, and the net that measures it.

    .. math:: \hat L = \mathrm{ELBO} - \gamma\, \widehat{\mathrm{TC}}

    Each call takes a step in p and q on one half of the rows, the discriminator held still, and one in the discriminator on the other
    half, q held still. The value is the ELBO; the gradient is that of the penalized objective. It is unbiased for the ELBO and, through
    the discriminator, biased for the total correlation.

    Args:
        discriminator: from ``(N, D)`` to ``(N, 1)``.
        gamma: the weight of the total correlation; 0 is the plain ELBO.
        learning_rate: of the discriminator's Adam.

    Attributes:
        correlations: what it said of the total correlation at each step.

    Source: Kim and Mnih, "Disentangling by factorising", ICML 2018.
    """

    trains_itself = True

    def __init__(
        self, discriminator: nn.Module, gamma: float = 10.0, learning_rate: float = 1e-3
    ) -> None:
        super().__init__()
        if not gamma >= 0:
            raise ValueError(f"gamma is {gamma}; expected zero or a positive number")
        self.discriminator, self.gamma, self.correlations = discriminator, gamma, list[float]()
        self.optimizer = torch.optim.Adam(
            discriminator.parameters(), lr=learning_rate, betas=(0.5, 0.9)
        )

    def forward(
        self,
        p: Model,
        q: Family,
        x: Tensor,
        num_samples: int = 1,
        bound: Bound = elbo,
        generator: torch.Generator | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        if x.dim() != 2 or len(x) < 4:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected (N, Dx) with at least four rows, two for each half"
            )
        eps = draw_noise(p, q, x, num_samples, bound, generator, noise, pathwise=True)
        density = q.distribution(x)
        z = transport_noise(density, eps)
        value = bound(log_joint(p, x, z) - density.log_prob(z))
        half = len(x) // 2
        with frozen(self.discriminator, copies=True):
            penalty = self.discriminator(z[0, :half]).mean()
        self.optimizer.zero_grad()
        with torch.enable_grad():
            ratio_loss(self.discriminator, z[0, half:].detach(), generator).backward()
        self.optimizer.step()
        self.correlations.append(penalty.item())
        return value - self.gamma * (penalty - penalty.detach())

    def extra_repr(self) -> str:
        return f"gamma={self.gamma}"


def factor_vae(
    p: Model,
    q: Family,
    x: Tensor,
    discriminator: nn.Module,
    gamma: float = 10.0,
    steps: int = 1000,
    discriminator_learning_rate: float = 1e-3,
    **options: Any,
) -> History:
    """Climb the ELBO of p and q minus gamma times the total correlation of q(z), with the discriminator learning beside them.

    Args:
        p, q, x: model with local latents, reparametrizable family, data ``(N, Dx)``.
        discriminator: from ``(N, D)`` to ``(N, 1)``, such as ``nets.mlp(D, 64, 1)``; it is trained in place.
        gamma: see ``FactorObjective``.
        options: ``learning_rate``, ``batch_size`` (4 or more), ``num_samples``, ``seed``, ``callback``, ...: as in ``fit``.

    Returns:
        A ``History``; its bound is the ELBO, its records what the discriminator said of the total correlation, step by step.

    >>> from course_vi.families import Amortized, MeanField
    >>> from course_vi.models import VAE
    >>> from course_vi.nets import mlp
    >>> p, q = VAE(2, 6, 8), Amortized(MeanField(2), mlp(6, 8, 4))
    >>> history = factor_vae(p, q, torch.ones(20, 6), mlp(2, 8, 1), steps=5, progress=False)
    >>> history.bound.shape, len(history.records)
    (torch.Size([5]), 5)
    """
    if not p.local:
        raise ValueError(
            f"the latents of {type(p).__name__} are global; expected local ones, whose aggregate has a correlation"
        )
    discriminator.to(next(q.parameters()))
    objective = FactorObjective(discriminator, gamma, discriminator_learning_rate)
    history = fit(p, q, x, objective, steps, **options)
    return history._replace(records=objective.correlations)
