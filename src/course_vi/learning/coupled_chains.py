r"""Unbiased gradients of the log likelihood itself, from two Markov chains that meet.

.. math:: \nabla_\theta \log p_\theta(x) = \mathbb E_{p_\theta(z \mid x)} \nabla_\theta \log p_\theta(x, z) \qquad\text{(Fisher's identity)}

A chain that has run for t steps is biased by its start. But two chains with the same law, one a step ahead, telescope:

.. math:: \mathbb E_{p(z \mid x)} h = \mathbb E\, h(X_k) + \sum_{t > k} \mathbb E\,[h(X_t) - h(Y_{t-1})],

and if they are coupled to meet, :math:`X_t = Y_{t-1}` from a time tau on, the sum is finite: exact in the mean after finitely many steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, cast

import torch
from torch import Tensor

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.chains import maximal_coupling
from course_vi.distributions import Drawn
from course_vi.families.base import Family
from course_vi.gradients.estimator import as_surrogate, log_joint, sample_shape, transport_noise
from course_vi.models.base import Model

__all__ = ["CoupledGradient", "coupled_chain_gradient"]


class CoupledGradient(NamedTuple):
    r"""An unbiased estimate, and what it cost.

    Attributes:
        surrogate: ``(*B)``: its gradient estimates that of :math:`\log p_\theta(x)`, its value the posterior mean of
            :math:`\log p_\theta(x, z)`.
        meeting: the meeting times tau, ``(*B)``.
        evaluations: how many weights were computed for each datum, ``(*B)``, up to its own last step.
    """

    surrogate: Tensor
    meeting: Tensor
    evaluations: Tensor


def coupled_chain_gradient(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 5,
    burn_in: int = 0,
    last: int | None = None,
    kernel: str = "importance",
    max_steps: int = 10_000,
    generator: torch.Generator | None = None,
) -> CoupledGradient:
    r"""The gradient of :math:`\log p_\theta(x)`, without bias, for any q that reaches all of the posterior.

    .. math:: H_{k:m} = \frac{1}{m - k + 1} \sum_{t=k}^m h(X_t)
              + \sum_{t=k+1}^{\tau - 1} \min\Big(1, \frac{t - k}{m - k + 1}\Big) \big(h(X_t) - h(Y_{t-1})\big), \qquad
              h(z) = \nabla_\theta \log p_\theta(x, z)

    One step of either chain draws K proposals from q, which both chains share, so that they can meet:

    * ``"importance"`` (iterated sampling importance resampling): a candidate among the K and where the chain stands, with probability
      proportional to its weight w = p(x, z) / q(z); the two choices are coupled maximally.
    * ``"metropolis"`` (independent Metropolis-Hastings, one proposal): accept with probability min(1, w' / w), both on one uniform.

    The variance falls and the cost rises with k and m. What limits the method is q: where w is unbounded the meeting times have heavy
    tails, and the variance may be infinite although every mean is right.

    Args:
        p, q, x: a model, a family and data; q is not learned here (it gets no gradient).
        num_samples: K, fresh proposals a step (one, for ``"metropolis"``).
        burn_in, last: k and m; m = k by default.
        max_steps: give up after so many.
        generator: of all the randomness.

    Returns:
        ``CoupledGradient(surrogate, meeting, evaluations)``.

    Raises:
        RuntimeError: two chains that have not met after ``max_steps``: q hardly ever proposes what the posterior wants. (To return
            something then would bring the bias back.)
        ValueError: a minibatch scale in p; NaN in x or in the weights.

    Source: Ruiz, Titsias, Cemgil and Doucet, "Unbiased gradient estimation for variational auto-encoders using coupled Markov chains",
    UAI 2021; Jacob, O'Leary and Atchade, "Unbiased Markov chain Monte Carlo methods with couplings", JRSS B 2020.

    >>> from course_vi.families import MeanField
    >>> from course_vi.models import TwoBernoullis
    >>> p, q, x = TwoBernoullis(), MeanField(1), torch.tensor([[1.0, 0.0]]).expand(1000, 2)
    >>> found = coupled_chain_gradient(p, q, x, generator=torch.Generator().manual_seed(0))
    >>> found.surrogate.shape, bool(found.meeting.min() >= 1)
    (torch.Size([1000]), True)
    """
    validate.one_of("kernel", kernel, ("importance", "metropolis"))
    validate.positive_integer("max_steps", max_steps)
    last = burn_in if last is None else last
    if not 0 <= burn_in <= last:
        raise ValueError(f"burn_in is {burn_in} and last is {last}; expected 0 <= burn_in <= last")
    count = 1 if kernel == "metropolis" else num_samples
    shape = sample_shape(p, q, x, count, elbo, pathwise=False)
    validate.finite("x", x)
    if p.likelihood_scale(x) != 1.0:
        raise ValueError(
            f"p scales a minibatch by {p.likelihood_scale(x):g}; expected all the data: the chains must know the posterior"
        )
    with torch.no_grad():
        density = q.distribution(x)

        def propose(k: int) -> tuple[Tensor, Tensor]:
            batch = (k, *shape[1:])
            z: Tensor = (
                transport_noise(density, q.noise(batch, generator))
                if q.noise_dim
                else cast(Drawn, density).draw(batch, generator)
            )
            return z, _finite(log_joint(p, x, z) - density.log_prob(z))

        step = partial(_importance if kernel == "importance" else _metropolis, generator=generator)
        zs, weights, meeting = _run(propose, count, step, burn_in, last, max_steps)
        live = (weights != 0).reshape(len(weights), -1).any(-1)
        zs, weights = zs[live], weights[live]
    log_p = log_joint(p, x, zs)
    value = torch.where(weights != 0, weights * log_p, torch.zeros_like(log_p)).sum(0)
    steps = torch.maximum(meeting, torch.full_like(meeting, last))
    return CoupledGradient(as_surrogate(value, value), meeting, 2 + steps * count)


Chain = tuple[Tensor, Tensor]  # a state (*B, D) and its log weight (*B)


def _run(
    propose: Callable[[int], Chain],
    count: int,
    step: Callable[[Chain, Chain, Chain], tuple[Chain, Chain]],
    burn_in: int,
    last: int,
    max_steps: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """All states that count, their signed weights in H, and the meeting times. The chain ahead starts first, by one step."""
    starts, start_weights = propose(2)
    ahead, behind = (starts[0], start_weights[0]), (starts[1], start_weights[1])
    width = last - burn_in + 1
    states, coefficients = (
        [ahead[0]],
        [torch.full_like(ahead[1], 1 / width if burn_in == 0 else 0.0)],
    )
    meeting = torch.zeros_like(ahead[1], dtype=torch.long)
    t = 0
    while t < last or bool((meeting == 0).any()):
        t += 1
        if t > max_steps:
            apart = int((meeting == 0).sum())
            raise RuntimeError(
                f"{apart} of {meeting.numel()} pairs of chains have not met after max_steps = {max_steps}; expected a q "
                "that covers the posterior, more samples a step, or more steps"
            )
        proposals = propose(count)
        ahead, behind = (
            step(proposals, ahead, behind) if t > 1 else (step(proposals, ahead, ahead)[0], behind)
        )
        met = (ahead[0] == behind[0]).all(-1)  # X_t = Y_{t-1}
        meeting = torch.where((meeting == 0) & met, torch.full_like(meeting, t), meeting)
        correction = (meeting == 0).to(ahead[1]) * min(1.0, max(0.0, (t - burn_in) / width))
        inside = 1 / width if burn_in <= t <= last else 0.0
        states += [ahead[0], behind[0]]
        coefficients += [correction + inside, -correction]
    return torch.stack(states), torch.stack(coefficients), meeting


def _importance(
    proposals: Chain, ahead: Chain, behind: Chain, generator: torch.Generator | None = None
) -> tuple[Chain, Chain]:
    """Both chains choose among the shared proposals and where they stand, coupled maximally."""
    slots = [
        (torch.cat([proposals[0], state.unsqueeze(0)]), torch.cat([proposals[1], own.unsqueeze(0)]))
        for state, own in (ahead, behind)
    ]
    first, second = (log_w.softmax(0).movedim(0, -1) for _, log_w in slots)
    i, j = maximal_coupling(first, second, generator)
    return _pick(slots[0], i), _pick(slots[1], j)


def _pick(slots: Chain, index: Tensor) -> Chain:
    z, log_w = slots
    chosen = index.unsqueeze(0)
    return z.gather(0, chosen.unsqueeze(-1).expand(1, *z.shape[1:])).squeeze(0), log_w.gather(
        0, chosen
    ).squeeze(0)


def _metropolis(
    proposals: Chain, ahead: Chain, behind: Chain, generator: torch.Generator | None = None
) -> tuple[Chain, Chain]:
    """Both chains are offered the same proposal, and judge it by the same uniform."""
    z, log_w = proposals[0][0], proposals[1][0]
    log_u = torch.rand(
        log_w.shape, generator=generator, dtype=log_w.dtype, device=log_w.device
    ).log()
    moved = []
    for state, own in (ahead, behind):
        accept = log_u < log_w - own
        moved.append((torch.where(accept.unsqueeze(-1), z, state), torch.where(accept, log_w, own)))
    return moved[0], moved[1]


def _finite(log_w: Tensor) -> Tensor:
    bad = int((log_w.isnan() | (log_w == float("inf"))).sum())
    if bad:
        raise ValueError(
            f"p gave {bad} log weights that are NaN or infinite, of {log_w.numel()}; expected numbers, or minus infinity"
        )
    return log_w.clamp_min(torch.finfo(log_w.dtype).min / 4)
