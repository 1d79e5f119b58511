r"""How probable is the datum under the model? Monte Carlo estimates of the log evidence, and how far to trust them.

Both estimators average weights whose mean is p(x), and take the logarithm of the average. They differ in who proposes z.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.bounds import iwae
from course_vi.distributions import Drawn, Seeded
from course_vi.families.base import Family
from course_vi.gradients.estimator import log_joint, sample
from course_vi.models.base import Model

__all__ = ["LogEvidence", "importance_log_evidence", "naive_log_evidence"]

AT_ONCE = 2**22  # numbers in the samples and the data of one chunk


class LogEvidence(NamedTuple):
    """An estimate of log p(x), ``(*B)``, and its standard error, ``(*B)``."""

    value: Tensor
    standard_error: Tensor


def naive_log_evidence(
    p: Model,
    x: Tensor,
    num_samples: int,
    generator: torch.Generator | None = None,
    chunk: int | None = None,
) -> LogEvidence:
    r"""Naive Monte Carlo: the mean likelihood of latents drawn from the prior.

    .. math:: \hat p(x) = \frac1n \sum_{k=1}^n p_\theta(x \mid z_k), \qquad z_k \sim p_\theta(z)

    Unbiased for p(x), hence biased downwards for log p(x). Few draws from the prior explain the datum when there is much to explain:
    the variance grows exponentially with the size of the latent vector, and with a small n the estimate is mostly far too *low* and
    its standard error far too small, because the draws that matter were never made.

    Args:
        p: a model that names its ``prior()``.
        x, num_samples, generator, chunk, and what is returned: as in ``importance_log_evidence``.

    Raises:
        NotImplementedError: p names no prior.
        TypeError: the prior cannot draw from a generator.
        ValueError: p scales the likelihood of a minibatch; x holds NaN.

    >>> from course_vi.models import ConjugateToy
    >>> toy, x = ConjugateToy(), torch.tensor([2.0])
    >>> found = naive_log_evidence(toy, x, 100_000, torch.Generator().manual_seed(0))
    >>> abs((found.value - toy.log_evidence(x)) / found.standard_error).item() < 4
    True
    """
    validate.event_size("x", x, p.data_dim)
    if p.likelihood_scale(x) != 1.0:
        raise ValueError(
            f"p scales a minibatch by {p.likelihood_scale(x):g}; expected all the data: the evidence of a minibatch is no "
            "part of theirs"
        )
    prior: Any = p.prior()
    batch = x.shape[:-1] if p.local else ()

    def log_weights(count: int) -> Tensor:
        shape = (count, *batch)
        if isinstance(prior, Drawn):
            z = prior.draw(shape, generator)
        elif isinstance(prior, Seeded):
            z = prior.rsample(shape, generator=generator)
        else:
            raise TypeError(
                f"the prior is a {type(prior).__name__}, which draws from no generator; expected one of course_vi's own"
            )
        z = z.to(x)
        weights: Tensor = log_joint(p, x, z) - prior.log_prob(z)
        return weights

    return _log_mean(log_weights, num_samples, _chunk(chunk, p, x, batch))


def importance_log_evidence(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int,
    generator: torch.Generator | None = None,
    chunk: int | None = None,
) -> LogEvidence:
    r"""Importance sampling: the mean weight of latents drawn from q; the test likelihood of autoencoders.

    .. math:: \hat p(x) = \frac1n \sum_{k=1}^n w_k, \quad w_k = \frac{p_\theta(x, z_k)}{q_\phi(z_k \mid x)}, \quad
              z_k \sim q_\phi(z \mid x),

    .. math:: \mathrm{se}(\log \hat p) \approx \frac{1}{\hat p} \sqrt{\frac{1}{n(n-1)} \sum_k (w_k - \hat p)^2}

    Unbiased for p(x) where q > 0 wherever the posterior is. Its logarithm is the IWAE bound with K = n: biased downwards, with leading
    term :math:`-\mu_2 / (2 n \mu^2)`, half the squared standard error (:math:`\mu, \mu_2` are mean and variance of one weight). If q has
    much lighter tails than the posterior the variance is infinite, and the standard error says nothing; ``diagnostics.psis_khat`` tells.

    Args:
        p, q: a model and a family, for local or global latents.
        x: ``(*B, Dx)``; with global latents the data set ``(N, Dx)``, whose evidence is one number.
        num_samples: n. Samples are drawn and forgotten chunk by chunk, so n may be in the millions.
        generator: source of the samples.
        chunk: samples held at a time; by default so many that they and the data fill about 4 million numbers. Lower it if the hidden
            layers of p are wide. The answer depends on it through the order of the random numbers only.

    Returns:
        ``LogEvidence(value, standard_error)``, ``(*B)`` each, without a graph; the error is by the delta method, and infinite where
        it cannot be known (n = 1, or every weight is zero: then the value is minus infinity).

    Raises:
        ValueError: sizes that do not fit; a minibatch scale in p (it would enter the logarithm); NaN in x or in a log weight.

    Source: Burda, Grosse and Salakhutdinov, ICLR 2016; the bias: Nowozin, ICLR 2018.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> toy, x = ConjugateToy(), torch.tensor([[2.0], [0.0]])
    >>> best = toy.posterior(x)                     # with q = the posterior every weight is p(x): no error at all
    >>> found = importance_log_evidence(toy, MeanField(1, best.loc, best.log_scale), x, 3)
    >>> torch.allclose(found.value, toy.log_evidence(x)), bool((found.standard_error < 1e-6).all())
    (True, True)
    """

    def log_weights(count: int) -> Tensor:
        density, z = sample(p, q, x, count, iwae, generator, None)
        weights: Tensor = log_joint(p, x, z) - density.log_prob(z)
        return weights

    validate.event_size("x", x, p.data_dim)
    batch = torch.broadcast_shapes(q.batch_shape, x.shape[:-1] if p.local else ())
    return _log_mean(log_weights, num_samples, _chunk(chunk, p, x, batch))


def _chunk(chunk: int | None, p: Model, x: Tensor, batch: tuple[int, ...]) -> int:
    validate.finite("x", x)
    if chunk is None:
        return max(1, AT_ONCE // max(1, math.prod(batch) * p.latent_dim + x.numel()))
    validate.positive_integer("chunk", chunk)
    return chunk


@torch.no_grad()
def _log_mean(log_weights: Callable[[int], Tensor], num_samples: int, chunk: int) -> LogEvidence:
    """The log of the mean weight and its standard error, chunk by chunk: count, mean and squared deviations in units of exp(pivot)."""
    validate.positive_integer("num_samples", num_samples)
    total = min(chunk, num_samples)
    pivot, mean, squares = _summary(log_weights(total))
    while total < num_samples:
        count = min(chunk, num_samples - total)
        other_pivot, other_mean, other_squares = _summary(log_weights(count))
        top = torch.maximum(pivot, other_pivot)
        unit, other_unit = (pivot - top).exp(), (other_pivot - top).exp()
        step = other_mean * other_unit - mean * unit
        squares = (
            squares * unit**2
            + other_squares * other_unit**2
            + step**2 * (total * count / (total + count))
        )
        total, pivot, mean = total + count, top, mean * unit + step * (count / (total + count))
    never = torch.full_like(mean, math.inf)
    error = (
        torch.where(mean > 0, (squares / total / (total - 1)).sqrt() / mean, never)
        if total > 1
        else never
    )
    return LogEvidence(pivot + mean.log(), error)


def _summary(log_w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The largest log weight (as the unit), the mean weight, and the sum of squared deviations from it."""
    bad = int((log_w.isnan() | (log_w == math.inf)).sum())
    if bad:
        raise ValueError(
            f"p gave {bad} log weights that are NaN or infinite, of {log_w.numel()}; expected numbers, or minus infinity"
        )
    pivot = log_w.amax(0)
    pivot = torch.where(
        pivot.isfinite(), pivot, torch.full_like(pivot, torch.finfo(pivot.dtype).min / 4)
    )  # all zero: any unit will do
    weights = (log_w - pivot).exp()
    mean = weights.mean(0)
    return pivot, mean, (weights - mean).square().sum(0)
