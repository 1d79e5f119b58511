r"""Helmholtz machines: a generative net learns while awake, its recognition net while asleep, and neither differentiates through a sample.

==============  ================================================  =======================================================
phase           moves                                             and descends, in expectation
==============  ================================================  =======================================================
wake            theta, on z ~ q(z | x)                            KL(q(z | x) | p(z, x)), which is minus the ELBO
sleep           phi, on dreams (x, z) ~ p(x, z)                   KL(p(z | x) | q(z | x)), averaged over *dreamt* x
reweighted      theta and phi, on weighted z ~ q(z | x)           theta: minus IWAE; phi: KL(p(z | x) | q(z | x)) at the *data*
==============  ================================================  =======================================================

Wake and sleep descend two different divergences, and their steps are not the slopes of one function: wake-sleep need not converge,
and mostly does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from course_vi import validate
from course_vi.bounds import elbo, iwae
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound, first_weights, weighted_sum
from course_vi.gradients.estimator import Estimator, as_surrogate, log_joint, sample
from course_vi.learning.fit import fit
from course_vi.learning.history import History
from course_vi.models.base import Model

__all__ = ["reweighted_phase", "reweighted_wake_sleep", "sleep_phase", "wake_phase", "wake_sleep"]


def wake_phase(
    p: Model, q: Family, x: Tensor, num_samples: int = 1, generator: torch.Generator | None = None
) -> Tensor:
    r"""Teach the generative net to produce what the recognition net saw in the data.

    .. math:: \hat g_\theta = \frac1K \sum_k \nabla_\theta \log p_\theta(x, z_k), \qquad z_k \sim q_\phi(z \mid x)

    Returns:
        ``(*B)``: its value is the ELBO, its gradient is that of theta (unbiased) and nothing for phi.
    """
    density, z = sample(p, q, x, num_samples, elbo, generator, None)
    log_p = log_joint(p, x, z)
    return as_surrogate(elbo((log_p - density.log_prob(z)).detach()), log_p.mean(0))


def sleep_phase(
    p: Model, q: Family, dreams: int, generator: torch.Generator | None = None
) -> Tensor:
    r"""Teach the recognition net to explain dreams, whose causes are known.

    .. math:: \hat g_\phi = \nabla_\phi \log q_\phi(z \mid x), \quad (x, z) \sim p_\theta(x, z), \qquad
              \mathbb E\, \hat g_\phi = -\nabla_\phi\, \mathbb E_{p(x)}\, \mathrm{KL}(p_\theta(z \mid x) \,\|\, q_\phi(z \mid x))

    Maximum likelihood on an endless supply of labelled data. A factorized q is drawn to the *marginals* of the posterior.

    Returns:
        log q of each dream, ``(dreams,)``; unbiased for phi, nothing for theta.
    """
    validate.positive_integer("dreams", dreams)
    with torch.no_grad():
        x, z = p.sample(dreams, generator)
    like = next(q.parameters())
    log_q: Tensor = q(x.to(like), z.to(like).unsqueeze(0))[0]
    return log_q


def reweighted_phase(
    p: Model, q: Family, x: Tensor, num_samples: int = 5, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    r"""Both updates on the data, each sample counted by its normalized importance weight.

    .. math:: \hat g_\theta = \sum_k \bar w_k \nabla_\theta \log p_\theta(x, z_k), \qquad
              \hat g_\phi = \sum_k \bar w_k \nabla_\phi \log q_\phi(z_k \mid x), \qquad z_k \sim q_\phi(z \mid x)

    For theta it is the gradient of the IWAE bound, unbiased. For phi it estimates the slope of -KL(p | q) with a bias that dies as 1/K; at
    K = 1 its mean is exactly zero, and nothing is learned.

    Returns:
        ``(*B)`` each: the first has the value of the IWAE bound and the gradient of theta, the second the gradient of phi.
    """
    density, z = sample(p, q, x, num_samples, iwae, generator, None)
    log_p, log_q = log_joint(p, x, z), density.log_prob(z)
    log_w = (log_p - log_q).detach()
    weights = first_weights(iwae, log_w)
    return as_surrogate(iwae(log_w), weighted_sum(weights, log_p)), weighted_sum(weights, log_q)


def wake_sleep(
    p: Model,
    q: Family,
    x: Tensor,
    steps: int = 1000,
    num_samples: int = 1,
    dreams: int | None = None,
    **options: Any,
) -> History:
    """Alternate the two phases: each step is a wake phase on a minibatch and a sleep phase on dreams, for theta and phi at once.

    Args:
        p: a model with local latents that can ``sample``; q: any family over them, discrete or not, mostly amortized.
        x: data, ``(N, Dx)``.
        num_samples: of z for each datum, awake.
        dreams: for each step; by default as many as there are rows in the minibatch.
        options: ``learning_rate``, ``batch_size``, ``seed``, ``optimizer``, ``callback``, ``progress``, ``device``: as in ``fit``.

    Returns:
        A ``History``; its bound is the ELBO.

    Source: Hinton, Dayan, Frey and Neal, "The wake-sleep algorithm for unsupervised neural networks", Science 1995.

    >>> from course_vi.families import Amortized, BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> from course_vi.nets import mlp
    >>> p, q = SigmoidBeliefNet((4, 2)), Amortized(BernoulliMeanField(2), mlp(4, 8, 2))
    >>> wake_sleep(p, q, torch.ones(10, 4), steps=5, progress=False).bound.shape
    torch.Size([5])
    """

    def estimator(
        p: Model,
        q: Family,
        x: Tensor,
        num_samples: int = 1,
        bound: Bound = elbo,
        generator: torch.Generator | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        asleep = sleep_phase(
            p, q, x[..., 0].numel() if dreams is None else dreams, generator
        ).mean()
        return wake_phase(p, q, x, num_samples, generator) + (asleep - asleep.detach())

    return _fit(p, q, x, estimator, steps, num_samples, options)


def reweighted_wake_sleep(
    p: Model,
    q: Family,
    x: Tensor,
    steps: int = 1000,
    num_samples: int = 5,
    phi: str = "wake",
    dreams: int | None = None,
    **options: Any,
) -> History:
    """Wake-sleep with importance weights: theta climbs the IWAE bound, and phi may learn from the data too.

    Args:
        p, q, x, dreams, options: as in ``wake_sleep``.
        num_samples: K, two or more.
        phi: what moves the recognition net: ``"wake"`` (weighted samples at the data), ``"sleep"`` (dreams) or ``"both"`` (their mean).

    Returns:
        A ``History``; its bound is IWAE with K samples.

    Source: Bornschein and Bengio, "Reweighted wake-sleep", ICLR 2015.

    >>> from course_vi.families import Amortized, BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> from course_vi.nets import mlp
    >>> p, q = SigmoidBeliefNet((4, 2)), Amortized(BernoulliMeanField(2), mlp(4, 8, 2))
    >>> reweighted_wake_sleep(p, q, torch.ones(10, 4), steps=5, phi="both", progress=False).bound.shape
    torch.Size([5])
    """
    validate.one_of("phi", phi, ("wake", "sleep", "both"))
    if num_samples < 2:
        raise ValueError(
            f"num_samples is {num_samples}; expected two or more: one normalized weight is 1, and teaches phi nothing"
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
        theta, awake = reweighted_phase(p, q, x, num_samples, generator)
        teacher = awake
        if phi != "wake":
            asleep = sleep_phase(
                p, q, x[..., 0].numel() if dreams is None else dreams, generator
            ).mean()
            teacher = asleep if phi == "sleep" else (awake + asleep) / 2
        return theta + (teacher - teacher.detach())

    return _fit(p, q, x, estimator, steps, num_samples, options)


def _fit(
    p: Model,
    q: Family,
    x: Tensor,
    estimator: Estimator,
    steps: int,
    num_samples: int,
    options: dict[str, Any],
) -> History:
    if not p.local:
        raise ValueError(
            f"the latents of {type(p).__name__} are global; expected local ones: each datum, and each dream, has its own"
        )
    return fit(p, q, x, estimator, steps, num_samples, **options)
