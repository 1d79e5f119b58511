r"""Learning by three gradients at equal time: EM, the ELBO, and the likelihood itself by coupled chains, where the maximum is known.

Two models. ``SummedCoins`` has one number to learn, and no freedom to make its posterior factorize. ``ProbabilisticPCA`` has rotations: its
loadings can turn until the posterior does. In both races the chains draw their proposals from the q that is best for the ELBO, made
wider, and learn nothing about it: the logits of bits are divided by ``WIDER``, and Gaussians grow until their weights are bounded.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.experiments.summed_coins import SummedCoins, best_product
from course_vi.families import BernoulliMeanField, Family, MeanField
from course_vi.learning import coupled_chain_gradient
from course_vi.models import Model, ProbabilisticPCA

__all__ = [
    "WAYS",
    "Race",
    "best_gaussian",
    "chain_gradient",
    "coin_race",
    "covering",
    "em_step",
    "pca_data",
    "pca_race",
]

WAYS = ("EM", "ELBO", "short chain", "coupled chains")
SHORT = 3  # steps of the short chain
REST = 1e-10  # EM stops before its time where a step moves less
WIDER = 1.5  # logits of q, over those of proposals


class Race(NamedTuple):
    """Where one way ends.

    Attributes:
        value: mean log p(x) of the data, exactly, after training.
        theta: what was learned, a copy.
        steps: how many, and ``seconds``: of the processor.
    """

    value: float
    theta: Tensor
    steps: int
    seconds: float


def chain_gradient(
    p: Model, q: Family, x: Tensor, steps: int, generator: torch.Generator | None = None
) -> Tensor:
    r"""A surrogate of log p(x), ``(*B)``, from the last state of a chain that began at q and was stopped after so many steps.

    Independent Metropolis-Hastings with proposals from q. It is biased, by what the chain still remembers of its start; with no steps at
    all it is the ELBO's gradient in theta, from one draw.
    """
    source = generator
    z, log_w = _proposed(p, q, x, source)
    for _ in range(steps):
        new, new_log_w = _proposed(p, q, x, source)
        log_u = torch.rand(log_w.shape, generator=source, dtype=log_w.dtype).log()
        accept = log_u < new_log_w - log_w
        z, log_w = torch.where(accept.unsqueeze(-1), new, z), torch.where(accept, new_log_w, log_w)
    return p.log_joint(x, z.unsqueeze(0))[0]


@torch.no_grad()
def _proposed(p: Model, q: Family, x: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:  # fmt: skip
    z = q.sample(1, x, generator=generator)
    return z[0], (p.log_joint(x, z) - q(x, z))[0]


def coin_race(way: str, x: Tensor, seconds: float, seed: int = 0, coins: int = 4) -> Race:
    r"""Learn theta of ``SummedCoins`` from one half, by one of ``WAYS``.

    A step of EM is :math:`\theta + g / \mathbb E s^2`, with the exact gradient g and s the number of coins that are on. The chains put
    their estimates in its place, and :math:`\min(1, 10 / t)` before it, so that steps become shorter and noise is averaged.

    Args:
        x: ``(N, 1)``.

    >>> x = SummedCoins(2.0, coins=4).sample(50, torch.Generator().manual_seed(0))[0]
    >>> coin_race("EM", x, 0.05).steps > 1
    True
    """
    validate.one_of("way", way, WAYS)
    p, source = SummedCoins(0.5, coins), torch.Generator().manual_seed(seed)
    total, begun, steps = p.states().sum(-1), time.process_time(), 0
    if way in ("EM", "ELBO"):
        best = best_product(0.5, x, coins)
        moved = 1.0
        while time.process_time() - begun < seconds and moved > REST:
            before = float(p.theta.detach())
            with torch.no_grad():
                if way == "EM":
                    weight = p.chances(x)
                else:
                    best = best_product(float(p.theta.detach()), x, coins, near=best.logits)
                    weight = best.probabilities(p.states())
                p.theta.copy_((weight @ total * x[:, 0]).sum() / (weight @ total**2).sum())
            moved, steps = abs(float(p.theta.detach()) - before), steps + 1
    else:
        q = BernoulliMeanField(coins, torch.zeros(len(x), coins, dtype=x.dtype))
        information = torch.ones((), dtype=x.dtype)
        while time.process_time() - begun < seconds:
            with torch.no_grad():
                if steps % 10 == 0:
                    logits = best_product(
                        float(p.theta.detach()), x, coins, starts=2, sweeps=15
                    ).logits
                    mean = logits.sigmoid()
                    information = (mean.sum(-1).square() + (mean * (1 - mean)).sum(-1)).mean()
                    q.logits.copy_(logits / WIDER)
            if way == "short chain":
                value = chain_gradient(p, q, x, SHORT, source).mean()
            else:
                value = coupled_chain_gradient(p, q, x, kernel="metropolis", generator=source).surrogate.mean()  # fmt: skip
            (slope,) = torch.autograd.grad(value, p.theta)
            steps += 1
            with torch.no_grad():
                p.theta.add_(min(1.0, 10 / steps) * slope / information)
    taken = time.process_time() - begun
    with torch.no_grad():
        return Race(float(p.log_evidence(x).mean()), p.theta.clone(), steps, taken)


def pca_data(seed: int, rows: int = 300, size: int = 10, latents: int = 3) -> Tensor:
    """Rows of a linear Gaussian model with loadings drawn at random, ``(rows, size)``."""
    source = torch.Generator().manual_seed(seed)
    loadings = torch.randn(size, latents, generator=source, dtype=torch.float64)
    loc = torch.randn(size, generator=source, dtype=torch.float64)
    return ProbabilisticPCA(loadings, loc, 1.0).double().sample(rows, source)[0]


def pca_race(way: str, x: Tensor, seconds: float, seed: int = 0, latents: int = 3) -> Race:
    r"""Learn W and sigma of a ``ProbabilisticPCA`` of rows x from random loadings, by one of ``WAYS``.

    A step of EM is :math:`W + \sigma^2 G\, (\mathbb E z z^\top)^{-1}` with the exact gradient G, and alike for sigma. The chains put their
    estimates in its place, and a factor before it that falls from one to zero along a cosine, over the seconds.

    >>> pca_race("EM", pca_data(0, rows=50), 0.05).steps > 1
    True
    """
    validate.one_of("way", way, WAYS)
    source = torch.Generator().manual_seed(seed)
    loadings = torch.randn(x.shape[-1], latents, generator=source, dtype=x.dtype)
    p = ProbabilisticPCA(loadings, x.mean(0), 1.0).to(x)
    begun, steps, spent, moved = time.process_time(), 0, 0.0, 1.0
    while spent < seconds and moved > REST:
        if way in ("EM", "ELBO"):
            before = p.loadings.detach().clone()
            em_step(p, x, factorized=way == "ELBO")
            moved = float((p.loadings.detach() - before).abs().max())
        else:
            _chain_step(p, x, way, 0.5 * (1 + math.cos(math.pi * spent / seconds)), source)
        steps, spent = steps + 1, time.process_time() - begun
    with torch.no_grad():
        return Race(float(p.log_evidence(x).mean()), p.loadings.clone(), steps, spent)


def _chain_step(
    p: ProbabilisticPCA, x: Tensor, way: str, share: float, generator: torch.Generator
) -> None:
    """So large a share of EM's step, with the gradient by a chain from q, or by two."""
    with torch.no_grad():
        loc, variance = best_gaussian(p, x)
        square = loc.mT @ loc / len(x) + variance.diag()
        scale = covering(_precision(p)) * variance.sqrt()
    q = MeanField(p.latent_dim, loc, scale.log().expand_as(loc))
    if way == "short chain":
        value = chain_gradient(p, q, x, SHORT, generator).mean()
    else:
        value = coupled_chain_gradient(p, q, x, kernel="metropolis", generator=generator).surrogate.mean()  # fmt: skip
    slope, spread = torch.autograd.grad(value, [p.loadings, p.log_noise_scale])
    with torch.no_grad():
        noise = (2 * p.log_noise_scale).exp()
        p.loadings.add_(share * noise * torch.linalg.solve(square, slope.mT).mT)
        p.log_noise_scale.add_(share * spread / (2 * p.data_dim))


def covering(precision: Tensor) -> Tensor:
    r"""By how much the standard deviations of the best factorized q must grow until its weights for a Gaussian are bounded.

    With D the diagonal of the precision that is :math:`\lambda_{\min}(D^{-1/2} \Lambda D^{-1/2})^{-1/2}`; one, if the posterior factorizes.

    >>> covering(torch.tensor([[1.0, 0.6], [0.6, 1.0]]))   # the eigenvalues are 1.6 and 0.4
    tensor(1.5811)
    """
    root = precision.diagonal().sqrt()
    return torch.linalg.eigvalsh(precision / root / root.unsqueeze(-1))[0].rsqrt()


def best_gaussian(p: ProbabilisticPCA, x: Tensor) -> tuple[Tensor, Tensor]:
    r"""Mean ``(N, D)`` and variances ``(D)`` of the best factorized q: the posterior's mean, and one over the diagonal of its precision."""
    return p.posterior(x).mean, 1 / _precision(p).diagonal()


def _precision(p: ProbabilisticPCA) -> Tensor:
    """Of the posterior, the same for every row, ``(D, D)``."""
    inner = p.loadings.mT @ p.loadings * (-2 * p.log_noise_scale).exp()
    return inner + torch.eye(p.latent_dim, dtype=inner.dtype, device=inner.device)


@torch.no_grad()
def em_step(p: ProbabilisticPCA, x: Tensor, factorized: bool = False) -> None:
    """Tipping and Bishop's step, with the posterior of every row, or with the best q that factorizes."""
    precision, mean, centred = _precision(p), p.posterior(x).mean, x - p.loc
    spread = (1 / precision.diagonal()).diag() if factorized else torch.linalg.inv(precision)
    square = len(x) * spread + mean.mT @ mean
    loadings = torch.linalg.solve(square, mean.mT @ centred).mT
    left = centred.square().sum() - (centred * (mean @ loadings.mT)).sum()
    p.loadings.copy_(loadings)
    p.log_noise_scale.copy_(0.5 * (left / x.numel()).log())
