r"""State space models taken one step at a time: the one form that filters need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from course_vi.distributions import CholeskyNormal, DiscreteChain
from course_vi.models.base import Model
from course_vi.models.tractable.hidden_markov_model import HiddenMarkovModel
from course_vi.models.tractable.linear_gaussian_ssm import LinearGaussianSSM

__all__ = ["Dynamics", "dynamics"]


class Dynamics(NamedTuple):
    """A state space model taken step by step: what a particle filter needs of it.

    Attributes:
        steps: T.
        data_size: p; a series x has T p entries.
        first: the distribution of z_1, events ``(d,)``; called without arguments.
        move: the distribution of z_t given z_{t-1} ``(N, *B, d)``, for t = 1, ..., T - 1 (counted from 0): ``move(t, previous)``.
        see: log p(x_t | z_t), ``(N, *B)``: ``see(t, z_t, x_t)`` for z_t ``(N, *B, d)`` and x_t ``(*B, p)``.
    """

    steps: int
    data_size: int
    first: Callable[[], Any]
    move: Callable[[int, Tensor], Any]
    see: Callable[[int, Tensor, Tensor], Tensor]


def dynamics(p: Model | Dynamics) -> Dynamics:
    """``LinearGaussianSSM``, ``HiddenMarkovModel`` (and ``GaussianHMM``), or a model with a method ``dynamics()``, step by step.

    >>> eye = torch.eye(1)
    >>> walk = dynamics(LinearGaussianSSM(eye, eye, eye, eye, torch.zeros(1), eye, steps=3))
    >>> walk.move(1, torch.full((5, 1), 2.0)).mean[0].item(), walk.see(1, torch.zeros(5, 1), torch.zeros(1)).shape
    (2.0, torch.Size([5]))
    """
    if isinstance(p, Dynamics):
        return p
    if isinstance(p, LinearGaussianSSM):
        ssm = p
        roots = [torch.linalg.cholesky(root @ root.mT) for root in (ssm.initial_root, ssm.transition_root, ssm.emission_root)]
        return Dynamics(ssm.steps, ssm.p, lambda: CholeskyNormal(ssm.initial_loc, roots[0]),
                        lambda t, previous: CholeskyNormal(previous @ ssm.transition.mT, roots[1]),
                        lambda t, z, x: CholeskyNormal(z @ ssm.emission.mT, roots[2]).log_prob(x))
    if isinstance(p, HiddenMarkovModel):
        hmm = p

        def see(t: int, z: Tensor, x: Tensor) -> Tensor:
            every = hmm.emission_log_prob(x)[..., 0, :]                                          # (*B, S)
            return every.expand(*z.shape[:-1], hmm.states).gather(-1, z.long()).squeeze(-1)

        return Dynamics(hmm.steps, 1, lambda: _choice(hmm.initial_logits),
                        lambda t, previous: _choice(hmm.transition_logits.log_softmax(-1)[previous[..., 0].long()]), see)
    own: Any = getattr(p, "dynamics", None)
    if own is None:
        raise TypeError(f"p is a {type(p).__name__}; expected a state space model: LinearGaussianSSM, HiddenMarkovModel, or one with a "
                        "method dynamics()")
    found: Dynamics = own()
    return found


def _choice(logits: Tensor) -> DiscreteChain:
    return DiscreteChain(logits, logits.new_zeros(*logits.shape[:-1], 0, logits.shape[-1], logits.shape[-1]))
