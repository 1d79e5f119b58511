r"""Fair coins whose sum is measured with noise: a model with finitely many states, and the best factorized q for it.

.. math:: z_d \sim \mathrm{Bernoulli}(\tfrac12), \qquad x \mid z \sim N\big(\theta \textstyle\sum_d z_d,\; 1\big)

The measurement ties the coins together, and no product of bits can say so. Everything else is a sum over :math:`2^D` states: the evidence,
its gradient, and what the ELBO's gradient lacks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Normal

from course_vi import validate
from course_vi.distributions import BernoulliVector
from course_vi.exact import enumerate_binary
from course_vi.models.base import Model

__all__ = ["BestProduct", "SummedCoins", "best_product", "elbo_fit", "likelihood_fit"]


class SummedCoins(Model):
    """The model. x is ``(*B, 1)``, z ``(K, *B, coins)``.

    Args:
        theta: a number, or numbers that broadcast against the data, for replicates.
        coins: how many.

    >>> p = SummedCoins(1.0, coins=3)
    >>> x = torch.zeros(1, dtype=torch.float64)
    >>> p.states().shape, round(p.chances(x).sum().item(), 6)
    (torch.Size([8, 3]), 1.0)
    """

    data_dim = 1

    def __init__(self, theta: float | Tensor, coins: int = 3) -> None:
        super().__init__()
        validate.positive_integer("coins", coins)
        self.latent_dim = coins
        self.theta = nn.Parameter(torch.as_tensor(theta, dtype=torch.float64).clone())

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        meter = Normal(self.theta * z.sum(-1), 1.0).log_prob(x[..., 0])
        return {"coins": torch.full_like(meter, -self.latent_dim * math.log(2)), "meter": meter}

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = self.theta.detach()
        z = torch.rand(n, self.latent_dim, generator=generator, dtype=like.dtype).round()
        noise = torch.randn(n, generator=generator, dtype=like.dtype)
        return (like * z.sum(-1) + noise).unsqueeze(-1), z

    def states(self) -> Tensor:
        """All of them, ``(2 ** coins, coins)``."""
        return enumerate_binary(self.latent_dim, like=self.theta.detach())

    def log_table(self, x: Tensor) -> Tensor:
        """log p(x, z) of all states, ``(*B, 2 ** coins)``."""
        z = self.states().view(-1, *(1,) * (x.dim() - 1), self.latent_dim)
        return self.log_joint(x, z.expand(-1, *x.shape[:-1], -1)).movedim(0, -1)

    def log_evidence(self, x: Tensor) -> Tensor:
        return self.log_table(x).logsumexp(-1)

    def chances(self, x: Tensor) -> Tensor:
        """Posterior probabilities of all states, ``(*B, 2 ** coins)``."""
        return self.log_table(x).softmax(-1)

    def slope(self, x: Tensor) -> Tensor:
        r""":math:`\partial_\theta \log p(x, z)` of all states, ``(*B, 2 ** coins)``."""
        total = self.states().sum(-1)
        return (x - self.theta.detach().unsqueeze(-1) * total) * total


class BestProduct(NamedTuple):
    """The best factorized q for each datum.

    Attributes:
        logits: of its bits, ``(*B, D)``.
        elbo: ``(*B)``.
    """

    logits: Tensor
    elbo: Tensor

    def probabilities(self, states: Tensor) -> Tensor:
        """Of all states, ``(*B, S)``."""
        return BernoulliVector(self.logits.unsqueeze(-2)).log_prob(states).exp()


def best_product(
    theta: float | Tensor,
    x: Tensor,
    coins: int = 3,
    starts: int = 4,
    sweeps: int = 200,
    near: Tensor | None = None,
) -> BestProduct:
    r"""Coordinate ascent from several starts; the best end of each datum.

    .. math:: l_d \leftarrow \theta x - \tfrac12\theta^2 - \theta^2 \sum_{e \ne d} m_e, \qquad m = \sigma(l)

    Args:
        theta: a number, or one for each datum, ``(*B)``.
        x: ``(*B, 1)``.
        near: logits to begin at, ``(*B, D)``, in the place of ``starts`` random ones.

    >>> x = torch.tensor([[3.0]], dtype=torch.float64)
    >>> p, found = SummedCoins(2.0), best_product(2.0, x)
    >>> bool(found.elbo < p.log_evidence(x))
    True
    """
    validate.positive_integer("starts", starts)
    if near is None:
        source = torch.Generator().manual_seed(0)
        logits = torch.randn(starts, *x.shape[:-1], coins, generator=source, dtype=x.dtype)
    else:
        logits = near.unsqueeze(0).clone()
    theta = torch.as_tensor(theta, dtype=x.dtype)
    pull, square = theta * x[..., 0] - 0.5 * theta**2, theta**2
    mean = logits.sigmoid()
    for _ in range(sweeps):
        before = logits.clone()
        for d in range(coins):
            logits[..., d] = pull - square * (mean.sum(-1) - mean[..., d])
            mean[..., d] = logits[..., d].sigmoid()
        if float((logits - before).abs().max()) < 1e-9:
            break
    total, spread = mean.sum(-1), (mean * (1 - mean)).sum(-1)
    fit = (x[..., 0] - theta * total).square() + square * spread + math.log(2 * math.pi)
    value = -0.5 * fit - coins * math.log(2) + BernoulliVector(logits).entropy()
    best = value.argmax(0, keepdim=True)
    chosen = logits.gather(0, best.unsqueeze(-1).expand(1, *logits.shape[1:]))[0]
    return BestProduct(chosen, value.gather(0, best)[0])


def elbo_fit(x: Tensor, theta: float, coins: int = 3, rounds: int = 100) -> Tensor:
    r"""Where variational EM comes to rest: the best product for each datum, then the best :math:`\theta` for those.

    .. math:: \theta \leftarrow \frac{\sum_n x_n\, \mathbb E_{q_n} s}{\sum_n \mathbb E_{q_n} s^2}, \qquad s = \textstyle\sum_d z_d

    Args:
        x: ``(*R, N, 1)``: R data sets, side by side.
        theta: where to begin.

    Returns:
        ``(*R)``.

    >>> x = SummedCoins(2.0).sample(100, torch.Generator().manual_seed(0))[0]
    >>> bool(elbo_fit(x, 2.0) < 1.9)
    True
    """
    at = torch.full(x.shape[:-2], theta, dtype=x.dtype)
    near = best_product(at.unsqueeze(-1), x, coins).logits
    for _ in range(rounds):
        near = best_product(at.unsqueeze(-1), x, coins, sweeps=30, near=near).logits
        mean = near.sigmoid()
        total = mean.sum(-1)
        square = total.square() + (mean * (1 - mean)).sum(-1)
        before, at = at, (x[..., 0] * total).sum(-1) / square.sum(-1)
        if float((at - before).abs().max()) < 1e-9:
            break
    return at


def likelihood_fit(x: Tensor, theta: float, coins: int = 3, rounds: int = 500) -> Tensor:
    """The maximum of the likelihood, by EM with all states: as ``elbo_fit``, with the posterior in the place of q.

    >>> x = SummedCoins(2.0).sample(100, torch.Generator().manual_seed(0))[0]
    >>> 1.8 < likelihood_fit(x, 2.0) < 2.2
    tensor(True)
    """
    at = torch.full(x.shape[:-2], theta, dtype=x.dtype)
    for _ in range(rounds):
        p = SummedCoins(at.unsqueeze(-1), coins).requires_grad_(False)
        weight, total = p.chances(x), p.states().sum(-1)
        square = (weight @ total**2).sum(-1)
        before, at = at, (x[..., 0] * (weight @ total)).sum(-1) / square
        if float((at - before).abs().max()) < 1e-10:
            break
    return at
