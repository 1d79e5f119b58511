r"""State space models taken one step at a time: the one form that filters need."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from torch import Tensor

from course_vi.distributions import Density
from course_vi.models.base import Model

__all__ = ["Dynamics", "Stepwise", "dynamics"]


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
    first: Callable[[], Density]
    move: Callable[[int, Tensor], Density]
    see: Callable[[int, Tensor, Tensor], Tensor]


@runtime_checkable
class Stepwise(Protocol):
    """A model that can be taken step by step."""

    def dynamics(self) -> Dynamics:
        """The model's parts."""


def dynamics(p: Model | Dynamics) -> Dynamics:
    """A model's dynamics, or the dynamics themselves.

    Raises:
        TypeError: a model without a method ``dynamics()``. ``LinearGaussianSSM``, ``HiddenMarkovModel`` (and ``GaussianHMM``) and
            ``DeepMarkovModel`` have one.

    >>> import torch
    >>> from course_vi.models import LinearGaussianSSM
    >>> eye = torch.eye(1)
    >>> walk = dynamics(LinearGaussianSSM(eye, eye, eye, eye, torch.zeros(1), eye, steps=3))
    >>> walk.move(1, torch.full((5, 1), 2.0)).mean[0].item(), walk.see(1, torch.zeros(5, 1), torch.zeros(1)).shape
    (2.0, torch.Size([5]))
    """
    if isinstance(p, Dynamics):
        return p
    if not isinstance(p, Stepwise):
        raise TypeError(
            f"p is a {type(p).__name__}; expected a state space model: LinearGaussianSSM, HiddenMarkovModel, or one with a "
            "method dynamics()"
        )
    return p.dynamics()
