r"""How far is the ELBO from the evidence, and whose fault is it: the family's, or the encoder's?

.. math:: \underbrace{\log p(x) - L(q^*)}_{\text{approximation gap}} + \underbrace{L(q^*) - L(q_\phi)}_{\text{amortization gap}}
          = \mathrm{KL}\big(q_\phi(z \mid x) \,\|\, p(z \mid x)\big), \qquad q^* = \arg\max_{q \in \mathcal Q} L(q; x)

Source: Cremer, Li and Duvenaud, "Inference suboptimality in variational autoencoders", ICML 2018.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import Tensor

from course_vi.bounds import elbo
from course_vi.diagnostics.log_evidence import importance_log_evidence
from course_vi.families.base import Family
from course_vi.families.per_datum import PerDatum
from course_vi.gradients import sticking_the_landing
from course_vi.gradients.estimator import Estimator, draw_noise, log_joint, transport_noise
from course_vi.learning.fit import fit
from course_vi.models.base import Model

__all__ = ["Gap", "amortization_gap", "approximation_gap", "best_per_datum"]


class Gap(NamedTuple):
    """A gap in nats for each datum, ``(*B)``, and its standard error, ``(*B)``."""

    value: Tensor
    standard_error: Tensor


def best_per_datum(
    p: Model,
    q: Family,
    x: Tensor,
    estimator: Estimator = sticking_the_landing,
    steps: int = 1000,
    num_samples: int = 32,
    learning_rate: float = 0.03,
    seed: int = 0,
) -> PerDatum:
    """q*: the member of q's family with the highest ELBO for each datum, found by gradient ascent from where q stands.

    The model stays as it is, and so does q. Half of the steps at ``learning_rate``, a quarter at a tenth of it, a quarter at a hundredth.

    Args:
        estimator: of the gradient; for discrete families a score function.
        steps, num_samples, learning_rate, seed: as in ``fit``.
    """
    p.same_place("x", x)
    best = PerDatum(q, x)
    frozen = copy.deepcopy(p).requires_grad_(False)
    for part, (share, slower) in enumerate(((2, 1.0), (4, 0.1), (4, 0.01))):
        fit(
            frozen,
            best,
            x,
            estimator,
            max(1, steps // share),
            num_samples,
            learning_rate=learning_rate * slower,
            seed=seed + part,
            progress=False,
        )
    return best


@torch.no_grad()
def amortization_gap(
    p: Model,
    q: Family,
    x: Tensor,
    best: PerDatum | None = None,
    num_samples: int = 1000,
    generator: torch.Generator | None = None,
) -> Gap:
    r"""What the encoder loses against the best member of its own family: :math:`L(q^*) - L(q_\phi)`, for each datum.

    Both ELBOs are estimated with the same noise, so most of it cancels. Unbiased given q*; too small by what q* itself lacks.

    Args:
        p, q: a model with local latents, and a reparametrized family, amortized or with one set of parameters for all.
        x: ``(*B, Dx)``.
        best: q*; by default ``best_per_datum(p, q, x)``.
        num_samples: of the ELBOs.
        generator: source of the noise.

    >>> from torch import nn
    >>> from course_vi.families import Amortized, MeanField
    >>> from course_vi.models import ConjugateToy
    >>> encoder = nn.Linear(1, 2)
    >>> _ = nn.init.zeros_(encoder.weight), nn.init.zeros_(encoder.bias)         # an encoder that says N(0, 1) to every datum
    >>> source = torch.Generator().manual_seed(0)
    >>> gap = amortization_gap(ConjugateToy(), Amortized(MeanField(1), encoder), torch.tensor([[0.0]]), None, 10_000, source)
    >>> abs(gap.value.item() - 0.1534) < 0.03             # KL(N(0, 1) | N(0, 1/2)) = (1 - log 2) / 2
    True
    """
    best = _best(p, q, x, best)
    eps = draw_noise(p, q, x, num_samples, elbo, generator, None, pathwise=True)
    difference = _log_weights(p, best, x, eps) - _log_weights(p, q, x, eps)
    return Gap(difference.mean(0), difference.std(0) / num_samples**0.5)


@torch.no_grad()
def approximation_gap(
    p: Model,
    q: Family,
    x: Tensor,
    best: PerDatum | None = None,
    num_samples: int = 1000,
    generator: torch.Generator | None = None,
    log_evidence: Tensor | None = None,
) -> Gap:
    r"""What the family cannot say, whoever writes its parameters: :math:`\log p(x) - L(q^*)`, for each datum.

    Args:
        p, q, x, best, num_samples, generator: as in ``amortization_gap``.
        log_evidence: log p(x), ``(*B)``; by default what the model says, and where it cannot, importance sampling from q* with
            ``num_samples`` samples, which is biased downwards (and the gap with it).

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import GaussianChain
    >>> source = torch.Generator().manual_seed(0)
    >>> gap = approximation_gap(GaussianChain(), MeanField(2), torch.tensor([[2.0]]), None, 10_000, source)
    >>> abs(gap.value.item() - 0.1438) < 0.03            # correlation 1/2: -log(1 - 1/4) / 2
    True
    """
    best = _best(p, q, x, best)
    eps = draw_noise(p, best, x, num_samples, elbo, generator, None, pathwise=True)
    log_w = _log_weights(p, best, x, eps)
    error = log_w.std(0) / num_samples**0.5
    if log_evidence is None:
        try:
            log_evidence = p.log_evidence(x)
        except NotImplementedError:
            log_evidence, more = importance_log_evidence(p, best, x, num_samples, generator)
            error = torch.hypot(error, more)
    return Gap(log_evidence - log_w.mean(0), error)


def _best(p: Model, q: Family, x: Tensor, best: PerDatum | None) -> PerDatum:
    if not p.local:
        raise ValueError(
            f"the latents of {type(p).__name__} are global; expected local ones: no datum has a posterior of its own"
        )
    if best is None:
        with torch.enable_grad():
            return best_per_datum(p, q, x)
    return best


def _log_weights(p: Model, q: Family, x: Tensor, eps: Tensor) -> Tensor:
    density = q.distribution(x)
    z = transport_noise(density, eps)
    log_w: Tensor = log_joint(p, x, z) - density.log_prob(z)
    return log_w
