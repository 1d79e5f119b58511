r"""Path gradients: the derivative travels through the sample.

With z = t_phi(eps) the log weight depends on phi in two ways, through the sample and through the density's own parameters:

.. math:: \frac{d}{d\phi} \log w =
   \underbrace{\big(\nabla_z \log p(x, z) - \nabla_z \log q_\phi(z)\big) \frac{\partial t_\phi(\epsilon)}{\partial \phi}}_{\text{path}}
   \;-\; \underbrace{\nabla_\phi \log q_\phi(z)\big|_{z\ \text{fixed}}}_{\text{score: mean zero}}.

Three estimators, one picture: keep both parts (``reparametrized``), drop the score (``sticking_the_landing``), or turn it
into a path as well (``doubly_reparametrized``).
"""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import (
    Bound,
    bound_name,
    is_linear,
    path_weights,
    weighted_sum,
)
from course_vi.gradients.estimator import as_surrogate, draw_noise, log_joint, transport_noise
from course_vi.models.base import Model

__all__ = ["doubly_reparametrized", "reparametrized", "sticking_the_landing"]


def reparametrized(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    r"""The total derivative of the bound along z = t_phi(eps).

    .. math:: \hat g = \nabla_{\theta,\phi}\, L\big(\log w_1, \dots, \log w_K\big), \qquad z_k = t_\phi(\epsilon_k)

    Unbiased for every smooth bound. At q = posterior its variance is that of the score: 1/s^2 for the mean of a Gaussian and
    2 for its log scale, with one sample, however exact the fit.

    Args:
        p, q, x: model, reparametrizable family, data ``(*B, Dx)``.
        num_samples: K.
        bound: ``(K, *B) -> (*B)``.
        generator: draws the noise.
        noise: the noise itself, ``(K, *B, noise_dim)``; then nothing is drawn.

    Returns:
        ``(*B)``: its value is the bound, its gradient is the estimate.

    Raises:
        TypeError, ValueError: see ``gradients.estimator.draw_noise``.

    Source: Kingma and Welling, ICLR 2014; Rezende, Mohamed and Wierstra, ICML 2014.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> q = MeanField(1)
    >>> value = reparametrized(ConjugateToy(), q, torch.tensor([2.0]), noise=torch.zeros(1, 1))
    >>> value.backward(); q.loc.grad, q.log_scale.grad          # at eps = 0: x - 2m, and 1
    (tensor([2.]), tensor([1.]))
    """
    eps = draw_noise(p, q, x, num_samples, bound, generator, noise, pathwise=True)
    density = q.distribution(x)
    z = transport_noise(density, eps)
    return bound(log_joint(p, x, z) - density.log_prob(z))


def sticking_the_landing(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    r"""The path derivative: the score term, which has mean zero, is left out.

    .. math:: \hat g_\phi = \frac1K \sum_k \big(\nabla_z \log p(x, z_k) - \nabla_z \log q_\phi(z_k \mid x)\big)
              \frac{\partial t_\phi(\epsilon_k)}{\partial \phi}

    Unbiased for the ELBO, and its variance is zero at q = posterior: there the two gradients in z cancel sample by sample.
    Away from it the variance may be higher or lower than that of ``reparametrized``.

    For a bound that is not linear in the log weights the score term does *not* have mean zero (it is weighted by the samples
    it scores), so dropping it would be biased. That is refused, by looking at the bound's second derivatives.

    Arguments, return value: see ``reparametrized``.

    Raises:
        ValueError: the bound is not linear in K log weights (K = 1 always is). Use ``doubly_reparametrized``.

    Source: Roeder, Wu and Duvenaud, "Sticking the landing", NeurIPS 2017.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> toy, x = ConjugateToy(), torch.tensor([2.0])
    >>> best = toy.posterior(x)
    >>> q = MeanField(1, best.loc, best.log_scale)
    >>> sticking_the_landing(toy, q, x, num_samples=3).backward()
    >>> bool(q.loc.grad.abs() < 1e-6), bool(q.log_scale.grad.abs() < 1e-6)      # zero, whatever the noise was
    (True, True)
    """
    if not is_linear(bound, num_samples):
        raise ValueError(
            f"bound is {bound_name(bound)} with num_samples = {num_samples}; expected one that is linear in the log weights, "
            "such as bounds.elbo. Dropping the score term biases any other: use gradients.doubly_reparametrized"
        )
    eps = draw_noise(p, q, x, num_samples, bound, generator, noise, pathwise=True)
    density = q.distribution(x)
    z = transport_noise(density, eps)
    return bound(log_joint(p, x, z) - q.frozen_log_prob(z, x, density))


def doubly_reparametrized(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    r"""One formula for every smooth bound: the score term reparametrized once more.

    With :math:`f_k, f_{kk}` the first and diagonal second derivatives of the bound in :math:`\log w_k`,

    .. math:: \hat g_\phi = \sum_k (f_k - f_{kk})\, \frac{\partial \log w_k}{\partial z_k}
              \frac{\partial t_\phi(\epsilon_k)}{\partial \phi}, \qquad \hat g_\theta = \sum_k f_k \nabla_\theta \log p_\theta(x, z_k).

    Unbiased for both. For the ELBO it is sticking the landing; for ``iwae`` the weights of phi are the squares of the
    normalized importance weights, and the variance falls as K grows where that of the total derivative does not.

    One backward pass: a hook on z rescales the path, and leaves the gradient of theta alone.

    Arguments, return value: see ``reparametrized``.

    Source: Tucker, Lawson, Gu and Maddison, "Doubly reparameterized gradient estimators", ICLR 2019.

    >>> from course_vi.bounds import iwae
    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> q, x = MeanField(1), torch.tensor([2.0])
    >>> doubly_reparametrized(ConjugateToy(), q, x, num_samples=5, bound=iwae).shape
    torch.Size([])
    """
    eps = draw_noise(p, q, x, num_samples, bound, generator, noise, pathwise=True)
    density = q.distribution(x)
    z = transport_noise(density, eps)
    log_w = log_joint(p, x, z) - q.frozen_log_prob(z, x, density)
    first, second = path_weights(bound, log_w)
    if z.requires_grad:
        scale = torch.where(
            first != 0, (first - second) / first, torch.zeros_like(first)
        ).unsqueeze(-1)
        z.register_hook(lambda gradient: gradient * scale)
    return as_surrogate(bound(log_w), weighted_sum(first, log_w))
