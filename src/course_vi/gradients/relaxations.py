r"""Relaxations: pretend that a discrete sample is smooth, and pay in bias.

The Gumbel-max trick writes an exact sample as a hard function of smooth numbers, z = argmax(l + g). Replace the argmax by a softmax at
temperature tau and the path derivative exists again, for *another* problem: the relaxed one.

For bits the softmax of two is a sigmoid, and the difference of two Gumbels is logistic noise.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.distributions import BernoulliVector, OneHotVector
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import log_joint, refuse_other_batch, sample_shape
from course_vi.models.base import Model

__all__ = [
    "gumbel_softmax",
    "harden",
    "perturbed",
    "relaxed",
    "soften",
    "straight_through",
    "uniforms",
]


def gumbel_softmax(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
    temperature: float = 0.5,
) -> Tensor:
    r"""The path derivative along relaxed samples: low variance, and the gradient of another objective.

    .. math:: \tilde z = \mathrm{softmax}\Big(\frac{l + g}{\tau}\Big), \quad g_c = -\log(-\log u_c), \qquad
              \hat g = \nabla_{\theta,\phi}\, L\big(\log p(x, \tilde z_k) - \log q(\tilde z_k)\big)

    and for bits :math:`\tilde z = \sigma\big((l + \log\frac{u}{1-u}) / \tau\big)`. The mass functions of model and family are read
    between their states, as the formulas of the code happen to continue.

    **The value is the bound of the relaxed model, not of yours.** It may exceed log p(x), and two models that agree on every state may have
    different ones. The gradient is unbiased for that relaxed value, and **biased** for the bound of the discrete model (theta's too). The
    bias vanishes as tau -> 0, where the variance grows without limit.

    Args:
        p: a model whose ``log_joint`` makes sense between the states; x ``(*B, Dx)``.
        q: ``BernoulliMeanField``, ``CategoricalMeanField`` or an ``Amortized`` one of these.
        num_samples, bound, generator: as in ``score_function``; any bound.
        noise: u, uniform on (0, 1), ``(K, *B, D)``; then nothing is drawn.
        temperature: tau, positive.

    Returns:
        ``(*B)``: its value is the relaxed bound, its gradient is that of the relaxed bound along the path.

    Raises:
        TypeError: a family that is not discrete.
        ValueError: a temperature or noise out of range; see also ``gradients.estimator.sample_shape``.

    Source: Jang, Gu and Poole, "Categorical reparameterization with Gumbel-softmax", ICLR 2017; Maddison, Mnih and Teh, "The concrete
    distribution", ICLR 2017 (who keep a true bound of the relaxed model by relaxing the densities themselves).

    >>> from course_vi.families import BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> q = BernoulliMeanField(2)
    >>> gumbel_softmax(SigmoidBeliefNet((3, 2)), q, torch.zeros(5, 3), num_samples=4, temperature=0.3).shape
    torch.Size([5])
    """
    validate.positive_number("temperature", temperature)
    density, uniform = uniforms(p, q, x, num_samples, bound, generator, noise)
    z = relaxed(density, uniform, temperature)
    return bound(log_joint(p, x, z) - density.log_prob(z))


def straight_through(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    noise: Tensor | None = None,
    temperature: float | None = None,
) -> Tensor:
    r"""Discrete samples going forward, a smooth stand-in going back.

    .. math:: z_k \sim q, \qquad \frac{\partial z_k}{\partial \phi} := \frac{\partial \mathbb E_q z}{\partial \phi}
              \quad\text{or}\quad \frac{\partial \tilde z_k}{\partial \phi} \text{ of Gumbel-softmax, if a temperature is given}

    The value is the bound, of the discrete model, and theta's gradient is unbiased. The gradient of phi is **biased**: each bit is credited
    with the slope f'(z) at its state where the truth is the difference f(1) - f(0). With the mean going back and the ELBO the bias is
    zero where log p is linear in each variable (a Boltzmann machine, say), and as large as log p is curved otherwise.

    Args:
        p, q, x, num_samples, bound, generator, noise: as in ``gumbel_softmax``.
        temperature: of the relaxed sample that goes back; None for the mean of q.

    Returns:
        ``(*B)``: its value is the bound, its gradient is the (biased) estimate.

    Raises: see ``gumbel_softmax``.

    Source: Bengio, Leonard and Courville, "Estimating or propagating gradients through stochastic neurons", 2013; Jang, Gu and Poole, ICLR
    2017, for the version with a temperature.

    >>> from course_vi.families import BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> q, x = BernoulliMeanField(2), torch.zeros(3)
    >>> value = straight_through(SigmoidBeliefNet((3, 2)), q, x, num_samples=4)
    >>> value.backward(); q.logits.grad.shape
    torch.Size([2])
    """
    if temperature is not None:
        validate.positive_number("temperature", temperature)
    density, uniform = uniforms(p, q, x, num_samples, bound, generator, noise)
    back = density.mean if temperature is None else relaxed(density, uniform, temperature)
    z = harden(density, uniform) + (back - back.detach())
    return bound(log_joint(p, x, z) - density.log_prob(z))


def relaxed(
    density: BernoulliVector | OneHotVector, uniform: Tensor, temperature: float | Tensor
) -> Tensor:
    """Relaxed samples ``(K, *B, D)`` from uniform numbers of the same shape; differentiable in the logits and the temperature.

    >>> q = BernoulliVector(torch.tensor([0.0, 1.0]))
    >>> relaxed(q, torch.tensor([[0.5, 0.5]]), 0.1).round(decimals=4)      # sigmoid(0), sigmoid(10)
    tensor([[0.5000, 1.0000]])
    """
    return soften(density, perturbed(density, uniform), temperature)


def harden(density: BernoulliVector | OneHotVector, uniform: Tensor) -> Tensor:
    """What the relaxed samples come to at temperature zero: by the Gumbel-max trick, exact samples of q, ``(K, *B, D)`` without a graph.

    >>> harden(OneHotVector(torch.zeros(1, 3)), torch.tensor([[0.2, 0.5, 0.3]]))
    tensor([[0., 1., 0.]])
    """
    scores = perturbed(density, uniform).detach()
    if isinstance(density, BernoulliVector):
        return (scores > 0).to(scores)
    return one_hot(scores.argmax(-1), scores.shape[-1]).flatten(-2).to(scores)


def perturbed(density: BernoulliVector | OneHotVector, uniform: Tensor) -> Tensor:
    """l + logistic noise, ``(K, *B, D)``; or log softmax(l) + Gumbel noise, ``(K, *B, N, C)``."""
    if isinstance(density, BernoulliVector):
        return density.logits + uniform.logit()
    return density.log_probs - (-uniform.log()).log().unflatten(-1, density.logits.shape[-2:])


def soften(
    density: BernoulliVector | OneHotVector, scores: Tensor, temperature: float | Tensor
) -> Tensor:
    """The sigmoid or softmax of perturbed logits: relaxed samples ``(K, *B, D)``."""
    warm = scores / temperature
    return warm.sigmoid() if isinstance(density, BernoulliVector) else warm.softmax(-1).flatten(-2)


def uniforms(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int,
    bound: Bound,
    generator: torch.Generator | None,
    noise: Tensor | None,
    copies: int = 1,
) -> tuple[BernoulliVector | OneHotVector, Tensor]:
    """q(. | x), and uniform noise ``(K, *B, copies D)``: the caller's, or freshly drawn. What every relaxed estimator begins with.

    Raises: TypeError, ValueError: see ``gumbel_softmax``.
    """
    shape = (*sample_shape(p, q, x, num_samples, bound, pathwise=False), copies * q.dim)
    density = q.distribution(x)
    if not isinstance(density, (BernoulliVector, OneHotVector)):
        raise TypeError(
            f"q is a {type(q).__name__}; expected BernoulliMeanField, CategoricalMeanField or an Amortized one of these: "
            "there is nothing to relax in any other"
        )
    refuse_other_batch(density, torch.Size(shape[1:-1]))
    if noise is None:
        like = density.logits
        drawn = torch.rand(shape, generator=generator, dtype=like.dtype, device=like.device)
        return density, drawn.clamp_min(torch.finfo(like.dtype).tiny)
    if tuple(noise.shape) != shape:
        raise ValueError(f"noise has shape {tuple(noise.shape)}; expected {shape}")
    if not bool(((noise > 0) & (noise < 1)).all()):
        raise ValueError(
            "noise has entries outside (0, 1); expected uniform numbers: this family's noise is not normal"
        )
    return density, noise
