"""Densities of sequences: Markov chains over states, and over real vectors backwards in time."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints

from course_vi import validate
from course_vi.distributions.density import Printed
from course_vi.distributions.normal import CholeskyNormal
from course_vi.distributions.sampling import choose

__all__ = ["BackwardChain", "DiscreteChain", "Smoothed", "one_step"]


class DiscreteChain(Printed, Distribution):
    """A Markov chain over S states whose transitions may differ from step to step; events are ``(T,)`` states.

    Args:
        initial_logits: ``(*B, S)``.
        transition_logits: ``(*B, T - 1, S, S)``; each row is normalized here.
    """

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, initial_logits: Tensor, transition_logits: Tensor) -> None:
        self.initial, self.transition = (
            initial_logits.log_softmax(-1),
            transition_logits.log_softmax(-1),
        )
        super().__init__(
            self.initial.shape[:-1], Size([transition_logits.shape[-3] + 1]), validate_args=False
        )

    def sample(
        self,
        sample_shape: Size | list[int] | tuple[int, ...] = (),
        generator: torch.Generator | None = None,
    ) -> Tensor:
        with torch.no_grad():
            states = [
                choose(self.initial.exp().expand(*sample_shape, *self.initial.shape), generator)
            ]
            for step in self.transition.exp().unbind(-3):
                rows = step.expand(*sample_shape, *step.shape)
                index = states[-1][..., None, None].expand(*states[-1].shape, 1, rows.shape[-1])
                states.append(choose(rows.gather(-2, index).squeeze(-2), generator))
            return torch.stack(states, -1).to(self.initial.dtype)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        """z ``(*shape, T)``, where shape ends in the batch, as every ``Drawn`` density has it."""
        own = len(self._batch_shape)
        return self.sample(Size(shape[: len(shape) - own]), generator)

    def log_prob(self, value: Tensor) -> Tensor:
        z = validate.indices("z", value, self.initial.shape[-1])
        first = self.initial.expand(*z.shape[:-1], -1).gather(-1, z[..., :1]).squeeze(-1)
        size = self.initial.shape[-1]
        flat = self.transition.flatten(-2).expand(*z.shape[:-1], z.shape[-1] - 1, size**2)
        return first + flat.gather(-1, (z[..., :-1] * size + z[..., 1:]).unsqueeze(-1)).squeeze(
            -1
        ).sum(-1)


def one_step(logits: Tensor) -> DiscreteChain:
    """A chain of one state: one categorical variable with logits ``(*B, S)``, as a vector of length one."""
    return DiscreteChain(
        logits, logits.new_zeros(*logits.shape[:-1], 0, logits.shape[-1], logits.shape[-1])
    )


class Smoothed(NamedTuple):
    """p(z_t | x_1..x_T): ``loc (*B, T, d)``, ``covariance (T, d, d)``; ``cross (T-1, d, d)`` is Cov(z_t, z_{t+1} | x)."""

    loc: Tensor
    covariance: Tensor
    cross: Tensor


class BackwardChain(Printed, Distribution):
    r"""A Gaussian Markov chain that starts at its end.

    .. math:: z_T = c_T + L_T \epsilon_T, \qquad z_t = c_t + J_t z_{t+1} + L_t \epsilon_t

    Args:
        shift: c, ``(*B, T, d)``.
        gain: J, ``(T - 1, d, d)``.
        scale_tril: L, ``(T, d, d)``, lower triangular.

    Events are ``(T * d,)``; sampling and density take time linear in T.
    """

    arg_constraints: dict[str, constraints.Constraint] = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, shift: Tensor, gain: Tensor, scale_tril: Tensor) -> None:
        self.shift, self.gain, self.scale_tril = shift, gain, scale_tril
        self.steps, self.size = shift.shape[-2:]
        super().__init__(shift.shape[:-2], Size([self.steps * self.size]), validate_args=False)

    def transport(self, eps: Tensor) -> Tensor:
        """z = t(eps), ``(K, *B, T * d)`` from noise of the same shape."""
        own = self.shift + (
            self.scale_tril @ eps.unflatten(-1, (self.steps, self.size)).unsqueeze(-1)
        ).squeeze(-1)
        return self._backwards(own).flatten(-2)

    def _backwards(self, own: Tensor) -> Tensor:
        terms, gains = own.unbind(-2), self.gain.unbind(0)
        values = [terms[-1]]
        for t in range(self.steps - 2, -1, -1):
            values.append(terms[t] + values[-1] @ gains[t].mT)
        return torch.stack(values[::-1], -2)

    def rsample(
        self,
        sample_shape: Size | list[int] | tuple[int, ...] = (),
        generator: torch.Generator | None = None,
    ) -> Tensor:
        shape = (*sample_shape, *self._batch_shape, *self._event_shape)
        return self.transport(
            torch.randn(
                shape, generator=generator, dtype=self.shift.dtype, device=self.shift.device
            )
        )

    def log_prob(self, value: Tensor) -> Tensor:
        z = value.unflatten(-1, (self.steps, self.size))
        inner = self.shift[..., :-1, :] + (self.gain @ z[..., 1:, :].unsqueeze(-1)).squeeze(-1)
        loc = torch.cat([inner, self.shift[..., -1:, :].expand_as(z[..., -1:, :])], -2)
        return CholeskyNormal(loc, self.scale_tril).log_prob(z).sum(-1)

    @property
    def mean(self) -> Tensor:
        return self._backwards(self.shift).flatten(-2)

    def moments(self) -> Smoothed:
        """The means, covariances and neighbours' cross-covariances of every step."""
        own, gains = (self.scale_tril @ self.scale_tril.mT).unbind(0), self.gain.unbind(0)
        covs = [own[-1]]
        for t in range(self.steps - 2, -1, -1):
            covs.append(own[t] + gains[t] @ covs[-1] @ gains[t].mT)
        covariance = torch.stack(covs[::-1])
        return Smoothed(self._backwards(self.shift), covariance, self.gain @ covariance[1:])
