r"""Densities of discrete vectors: independent bits, independent one-hot variables, and a finite list of states."""

from __future__ import annotations

import math

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints
from torch.nn.functional import logsigmoid, one_hot

from course_vi.distributions.density import Printed

__all__ = ["BernoulliVector", "Enumerated", "OneHotVector"]


class _Discrete(Printed, Distribution):
    """A distribution of a vector, indexed by ``logits``; subclasses draw from it and score it."""

    arg_constraints: dict[str, constraints.Constraint] = {}
    support = constraints.real_vector

    def __init__(self, logits: Tensor, batch_shape: Size, dim: int) -> None:
        self.logits = logits
        super().__init__(batch_shape, Size([dim]), validate_args=False)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        """z ``(*shape, D)`` without a graph, where shape ends in the batch."""
        raise NotImplementedError

    def sample(
        self,
        sample_shape: Size | list[int] | tuple[int, ...] = (),
        generator: torch.Generator | None = None,
    ) -> Tensor:
        return self.draw((*sample_shape, *self._batch_shape), generator)

    def detach(self) -> _Discrete:
        return type(self)(self.logits.detach())  # type: ignore[call-arg]


class BernoulliVector(_Discrete):
    r"""Independent bits, :math:`q(z) = \prod_d \sigma(l_d)^{z_d} (1 - \sigma(l_d))^{1 - z_d}`.

    .. math:: \log q(z) = \sum_d z_d\, l_d + \log \sigma(-l_d)

    which is linear in z, and safe for logits of any size.

    Args:
        logits: l, ``(*B, D)``.

    >>> q = BernoulliVector(torch.tensor([0.0, 2.0]))
    >>> q.log_prob(torch.tensor([1.0, 1.0])).exp(), q.mean.prod()
    (tensor(0.4404), tensor(0.4404))
    """

    def __init__(self, logits: Tensor) -> None:
        super().__init__(logits, logits.shape[:-1], logits.shape[-1])

    @property
    def mean(self) -> Tensor:
        return self.logits.sigmoid()

    @property
    def variance(self) -> Tensor:
        return self.logits.sigmoid() * (-self.logits).sigmoid()

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        return torch.bernoulli(self.mean.detach().expand(*shape, -1), generator=generator)

    def log_prob(self, value: Tensor) -> Tensor:
        return (value * self.logits + logsigmoid(-self.logits)).sum(-1)

    def entropy(self) -> Tensor:
        return -(self.mean * self.logits + logsigmoid(-self.logits)).sum(-1)


class OneHotVector(_Discrete):
    r"""Independent categorical variables, each written as a one-hot vector, one after the other.

    .. math:: \log q(z) = \sum_{n} \sum_{c} z_{nc} \log \mathrm{softmax}(l_n)_c

    Args:
        logits: l, ``(*B, N, C)``: N variables with C categories. An event has D = N C entries.

    >>> q = OneHotVector(torch.zeros(2, 4))
    >>> q.event_shape, q.log_prob(torch.tensor([1.0, 0, 0, 0, 0, 0, 1, 0])).exp()       # one of sixteen
    (torch.Size([8]), tensor(0.0625))
    """

    def __init__(self, logits: Tensor) -> None:
        self.log_probs = logits.log_softmax(-1)
        super().__init__(logits, logits.shape[:-2], logits.shape[-2] * logits.shape[-1])

    @property
    def mean(self) -> Tensor:
        return self.log_probs.exp().flatten(-2)

    @property
    def variance(self) -> Tensor:
        return self.mean * (1 - self.mean)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        variables, categories = self.logits.shape[-2:]
        edges = self.log_probs.detach().exp().cumsum(-1)[..., :-1]
        uniform = torch.rand(
            (*shape, variables, 1), generator=generator, dtype=edges.dtype, device=edges.device
        )
        return one_hot((uniform >= edges).sum(-1), categories).to(edges.dtype).flatten(-2)

    def log_prob(self, value: Tensor) -> Tensor:
        log_probs = self.log_probs.flatten(-2)
        possible = (value * _finite(log_probs)).sum(-1)
        return possible.masked_fill(((value != 0) & log_probs.isneginf()).any(-1), -torch.inf)

    def entropy(self) -> Tensor:
        return -(self.log_probs.exp() * _finite(self.log_probs)).sum((-2, -1))


def _finite(log_probs: Tensor) -> Tensor:
    """Log probabilities with the least number for minus infinity: what is impossible times zero is zero."""
    return log_probs.clamp(min=torch.finfo(log_probs.dtype).min)


class Enumerated(Printed, Distribution):
    r"""A distribution over a finite list of states: what an exact posterior over discrete latents is.

    .. math:: p(z = s_i) = \frac{e^{a_i}}{\sum_j e^{a_j}}

    Args:
        states: the list, ``(S, D)``, without repetition.
        log_weights: a, ``(S, *B)``; need not be normalized.

    >>> from course_vi.exact import enumerate_binary
    >>> p = Enumerated(enumerate_binary(2), torch.tensor([1.0, 1.0, 2.0, 4.0]).log())
    >>> p.mean, p.log_prob(torch.tensor([1, 0])).exp()
    (tensor([0.7500, 0.6250]), tensor(0.2500))
    """

    arg_constraints: dict[str, constraints.Constraint] = {}
    support = constraints.real_vector

    def __init__(self, states: Tensor, log_weights: Tensor) -> None:
        if states.dim() != 2 or log_weights.shape[:1] != states.shape[:1]:
            raise ValueError(
                f"states and log_weights have shapes {tuple(states.shape)} and {tuple(log_weights.shape)}; "
                "expected (S, D) and (S, *B)"
            )
        self.states, self.logits = states, log_weights - log_weights.logsumexp(0)
        super().__init__(Size(log_weights.shape[1:]), Size(states.shape[1:]), validate_args=False)

    @property
    def probs(self) -> Tensor:
        """``(S, *B)``."""
        return self.logits.exp()

    @property
    def mean(self) -> Tensor:
        return torch.einsum("s...,sd->...d", self.probs, self.states.to(self.logits))

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(z), ``(K, *B)`` for ``(K, *B, D)``; minus infinity at a vector that is no state."""
        same = (value.unsqueeze(-2) == self.states).all(-1).movedim(-1, 0)  # (S, K, *B)
        logits = self.logits.reshape(
            len(self.states), *(1,) * (same.dim() - self.logits.dim()), *self.logits.shape[1:]
        )
        return torch.where(same, logits, torch.full_like(logits, -math.inf)).amax(0)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        """z ``(*shape, D)``, where shape ends in the batch."""
        edges = self.probs.detach().cumsum(0)[:-1]
        uniform = torch.rand(shape, generator=generator, dtype=edges.dtype, device=edges.device)
        edges = edges.reshape(
            len(edges), *(1,) * (uniform.dim() - edges.dim() + 1), *edges.shape[1:]
        )
        return self.states[(uniform >= edges).sum(0)]

    def entropy(self) -> Tensor:
        return torch.special.entr(self.probs).sum(0)
