r"""Half of the ELBO by sampling, half by formula: the divergence from the prior has a closed form for many pairs.

.. math:: \mathcal L = \mathbb E_q \log p(x \mid z) - \mathrm{KL}\big(q_\phi(z \mid x)\,\|\,p(z)\big)

This is how most variational autoencoders are written. It looks as if it could only help; it is one more unbiased estimate.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.distributions import Distribution, kl_divergence

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound, bound_name, is_elbo
from course_vi.gradients.estimator import draw_noise, transport_noise
from course_vi.models.base import Model

__all__ = ["analytic_kl"]


def analytic_kl(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    r"""The ELBO with its divergence in closed form, and the likelihood's expectation along z = t_phi(eps).

    .. math:: \hat{\mathcal L} = \frac1K \sum_k \log p_\theta(x \mid z_k) - \mathrm{KL}\big(q_\phi(z \mid x)\,\|\,p_\theta(z)\big),
              \qquad \hat g = \nabla_{\theta,\phi} \hat{\mathcal L}

    Unbiased. Its variance is that of the likelihood's path alone, often smaller than that of ``reparametrized``, and **not zero at
    q = posterior**: there the noise of the likelihood no longer meets the noise of log q that would cancel it. (On the toy it is s^2 for
    the mean, against 1/s^2 for ``reparametrized`` and 0 for ``sticking_the_landing``.) A closed form is no promise of less noise.

    Args:
        p: a model with a named ``prior()``, whose factors are that prior and a ``likelihood``. A minibatch scale multiplies the
            likelihood alone, as in ``log_joint``.
        q: a reparametrizable family whose density has a KL to that prior in ``torch.distributions.kl``. MeanField, FullRank and
            FactorCovariance have one to a diagonal normal; sparse precisions, flows and layers have none.
        x, num_samples, generator, noise: as in ``reparametrized``.
        bound: the ELBO, judged by its values: no other bound splits into a likelihood and a divergence.

    Returns:
        ``(*B)``: its value is this estimate of the ELBO (not the mean log weight of the samples, which is another one).

    Raises:
        TypeError: a family without z = t(eps); a model without a named prior and likelihood; a pair without a registered KL.
        ValueError: a bound other than the ELBO; see also ``gradients.estimator.draw_noise``.

    Source: Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014 (their second estimator); Roeder, Wu and Duvenaud,
    "Sticking the landing", NeurIPS 2017, for what it costs at the optimum.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> q = MeanField(1)
    >>> value = analytic_kl(ConjugateToy(), q, torch.tensor([2.0]), noise=torch.zeros(1, 1))
    >>> value.backward(); q.loc.grad, q.log_scale.grad      # at eps = 0: x - 2m, and 1 - s^2
    (tensor([2.]), tensor([0.]))
    """
    if not is_elbo(bound, num_samples):
        raise ValueError(
            f"bound is {bound_name(bound)} with num_samples = {num_samples}; expected bounds.elbo, the one bound that is a "
            "likelihood minus a divergence. Use gradients.reparametrized or doubly_reparametrized"
        )
    eps = draw_noise(p, q, x, num_samples, bound, generator, noise, pathwise=True)
    density, prior = q.distribution(x), _named_prior(p)
    z = transport_noise(density, eps)
    factors = p.log_factors(x, z)
    if set(factors) != {"prior", "likelihood"}:
        raise TypeError(
            f"p is a {type(p).__name__} with factors {', '.join(factors)}; expected a prior and a likelihood, and no others"
        )
    likelihood, batch = factors["likelihood"], eps.shape[1:-1]
    if likelihood.shape != eps.shape[:-1]:
        raise ValueError(
            f"the likelihood of p has shape {tuple(likelihood.shape)}; expected {tuple(eps.shape[:-1])}"
        )
    validate.same_place("the prior of p", prior.mean, "z", z)
    try:
        divergence = kl_divergence(cast(Distribution, density), prior)
    except NotImplementedError:
        raise TypeError(
            f"q gives a {type(density).__name__} and p.prior() a {type(prior).__name__}, a pair without a closed form in "
            "torch.distributions.kl; expected one that has it, or use gradients.reparametrized"
        ) from None
    return likelihood.mean(0) - divergence.expand(batch)


def _named_prior(p: Model) -> Distribution:
    try:
        return p.prior()
    except NotImplementedError:
        raise TypeError(
            f"p is a {type(p).__name__}, whose prior has no name; expected a model with prior() and a likelihood. "
            "Use gradients.reparametrized, which needs log_joint alone"
        ) from None
