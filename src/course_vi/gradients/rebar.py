r"""REBAR and RELAX: a relaxation as a control variate, so that its bias is taken back.

With s = l + noise the perturbed logits, z = H(s) the exact sample they harden to, and s' drawn from p(s | z) anew,

.. math:: \hat g = \big(\log w(z) - c(s')\big)\, \nabla_l \log q(z) + \nabla_l c(s) - \nabla_l c(s')

is unbiased for **every** function c: the score of c(s') is the path of c(s) less the path of c(s') inside each cell of z. The better c
follows log w, the more of the noisy first term is replaced by smooth ones.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.distributions import BernoulliVector, OneHotVector
from course_vi.families.base import Family
from course_vi.freezing import frozen
from course_vi.gradients.bound_structure import (
    Bound,
    bound_name,
    first_weights,
    is_linear,
    weighted_sum,
)
from course_vi.gradients.estimator import as_surrogate, log_joint
from course_vi.gradients.relaxations import harden, perturbed, soften, uniforms
from course_vi.models.base import Model

__all__ = ["Rebar", "Relax", "conditional"]


class Rebar(nn.Module):
    r"""The score function with the relaxed log weight as its control variate: an estimator with parameters.

    .. math:: c(s) = \eta\, \big(\log p(x, \tilde z) - \log q(\tilde z)\big), \qquad \tilde z = \sigma(s / \tau)

    (softmax for categories). **Unbiased** for phi and theta whatever eta and tau are; these two follow the gradient of half the variance,
    estimated without bias by :math:`\nabla \tfrac12 \lVert \hat g \rVert^2`, since the mean of :math:`\hat g` does not depend on them.
    eta = 0 is the score function without a baseline. A sample costs three evaluations of log p where the score function makes one.

    Args:
        temperature: initial tau, positive; the parameter is its logarithm.
        eta: initial eta.

    Hand the parameters to the optimizer beside those of p and q; for ``fit``:
    ``optimizer=lambda ps: torch.optim.Adam([*ps, *estimator.parameters()])``.

    Called like every estimator, see ``score_function``; q is discrete, log p makes sense between the states (see ``gumbel_softmax``), and
    ``noise`` is uniform on (0, 1), ``(K, *B, 2 D)``: D numbers for s, then D for s'.

    Raises (when called):
        TypeError: a family that is not discrete.
        ValueError: a bound that is not linear in the log weights; see also ``gumbel_softmax``.

    Source: Tucker, Mnih, Maddison, Lawson and Sohl-Dickstein, "REBAR: low-variance, unbiased gradient estimates for discrete latent
    variable models", NeurIPS 2017.

    >>> from course_vi.families import BernoulliMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> estimator, q = Rebar(), BernoulliMeanField(2)
    >>> value = estimator(SigmoidBeliefNet((3, 2)), q, torch.zeros(5, 3), num_samples=4)
    >>> value.sum().backward(); value.shape, bool(estimator.eta.grad != 0)
    (torch.Size([5]), True)
    """

    def __init__(self, temperature: float = 0.5, eta: float = 1.0) -> None:
        super().__init__()
        validate.positive_number("temperature", temperature)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)))
        self.eta = nn.Parameter(torch.tensor(float(eta)))

    def control(
        self, p: Model, density: BernoulliVector | OneHotVector, x: Tensor, scores: Tensor
    ) -> Tensor:
        """c(s), ``(K, *B)``: its theta and phi are constants, its own parameters are not."""
        soft = soften(density, scores, self.log_temperature.exp())
        fixed = type(density)(density.logits.detach())
        with frozen(p):
            log_p = log_joint(p, x, soft)
        return self.eta * (log_p - fixed.log_prob(soft))

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
        if not is_linear(bound, num_samples):
            raise ValueError(
                f"bound is {bound_name(bound)} with num_samples = {num_samples}; expected one that is linear in the log "
                "weights, such as bounds.elbo: each sample has a control variate of its own. For bounds.iwae use vimco"
            )
        density, both = uniforms(p, q, x, num_samples, bound, generator, noise, copies=2)
        first_noise, second_noise = both.chunk(2, -1)
        z = harden(density, first_noise)
        log_w = log_joint(p, x, z) - density.log_prob(z).detach()
        event = (
            density.logits.shape[-1:]
            if isinstance(density, BernoulliVector)
            else density.logits.shape[-2:]
        )
        learned = torch.is_grad_enabled()
        with torch.enable_grad():
            own = (
                density.logits.detach().expand(*z.shape[:-1], *event).requires_grad_()
            )  # a copy of l for each sample
            copies = type(density)(own)
            free = self.control(p, density, x, perturbed(copies, first_noise))
            tied = self.control(p, density, x, conditional(copies, z, second_noise))
            (paths,) = torch.autograd.grad((free - tied).sum(), own, create_graph=learned)
        score = (z - density.mean.detach()).unflatten(-1, event)
        axes = tuple(range(-len(event), 0))
        reward = (log_w.detach() - tied).reshape(*z.shape[:-1], *(1,) * len(event))
        first = first_weights(bound, log_w)
        estimate = (first.reshape(reward.shape) * (reward * score + paths)).sum(0)  # (*B, *event)
        climbed = (estimate.detach() * density.logits).sum(axes) + weighted_sum(first, log_w)
        return as_surrogate(bound(log_w), climbed - 0.5 * estimate.square().sum(axes))

    def extra_repr(self) -> str:
        return f"temperature={self.log_temperature.exp().item():.4g}, eta={self.eta.item():.4g}"


class Relax(Rebar):
    r"""REBAR with a free-form term: the control variate learns what the relaxed log weight does not see.

    .. math:: c(s) = \eta\, \big(\log p(x, \tilde z) - \log q(\tilde z)\big) + r_\psi(s)

    **Unbiased** whatever psi is; psi, eta and tau follow the gradient of the variance. With eta = 0 (and kept there) log p is asked at
    states alone, and may be a black box.

    Args:
        network: r, maps perturbed logits ``(K, *B, D)`` to ``(K, *B, 1)``; smooth (no ReLU: its slope is what is used).
        temperature, eta: as in ``Rebar``.

    Called like ``Rebar``, with the same refusals.

    Source: Grathwohl, Choi, Wu, Roeder and Duvenaud, "Backpropagation through the void", ICLR 2018.

    >>> from course_vi.families import CategoricalMeanField
    >>> from course_vi.models import SigmoidBeliefNet
    >>> estimator = Relax(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)))
    >>> value = estimator(SigmoidBeliefNet((3, 4)), CategoricalMeanField(2, 2), torch.zeros(5, 3), num_samples=4)
    >>> value.sum().backward(); value.shape, bool((estimator.network[0].weight.grad != 0).any())
    (torch.Size([5]), True)
    """

    def __init__(self, network: nn.Module, temperature: float = 0.5, eta: float = 1.0) -> None:
        super().__init__(temperature, eta)
        self.network = network

    def control(
        self, p: Model, density: BernoulliVector | OneHotVector, x: Tensor, scores: Tensor
    ) -> Tensor:
        flat = scores if isinstance(density, BernoulliVector) else scores.flatten(-2)
        output = self.network(flat)
        if output.shape != (*flat.shape[:-1], 1):
            raise ValueError(
                f"network gave shape {tuple(output.shape)} for {tuple(flat.shape)}; expected {(*flat.shape[:-1], 1)}"
            )
        relaxed_weight = super().control(p, density, x, scores) if self._relaxes() else 0.0
        return output.squeeze(-1) + relaxed_weight

    def _relaxes(self) -> bool:
        return self.eta.requires_grad or bool(self.eta != 0)


def conditional(density: BernoulliVector | OneHotVector, z: Tensor, uniform: Tensor) -> Tensor:
    r"""Perturbed logits drawn anew among those that harden to z: a smooth function of the logits and uniform numbers ``(K, *B, D)``.

    .. math:: s' = \log\Big(1 + \frac{v}{1 - v} \frac1{1 - \sigma(l)}\Big) \;(z = 1), \qquad
              s' = -\log\Big(1 + \frac{1 - v}{v} \frac1{\sigma(l)}\Big) \;(z = 0)

    and for categories with probabilities p, of which k came first: :math:`s'_k = -\log(-\log v_k)`, the largest of all, and
    :math:`s'_c = -\log(-\log v_c / p_c - \log v_k)` for the others.

    >>> q, u = BernoulliVector(torch.tensor([0.3, -0.4])), torch.tensor([[0.1, 0.8]])
    >>> conditional(q, torch.tensor([[1.0, 0.0]]), u).sign()
    tensor([[ 1., -1.]])
    """
    if isinstance(density, BernoulliVector):
        odds, logits = uniform.logit(), density.logits
        above = softplus(odds + softplus(logits))  # -log(1 - sigmoid(l)) = softplus(l)
        below = -softplus(softplus(-logits) - odds)
        return torch.where(z > 0.5, above, below)
    shape = density.logits.shape[-2:]
    waits, chosen = (-uniform.log()).log().unflatten(-1, shape), z.unflatten(-1, shape)
    top = (chosen * waits).sum(-1, keepdim=True)
    others = torch.logaddexp(top, waits - density.log_probs)
    return -torch.where(chosen > 0.5, top, others)
