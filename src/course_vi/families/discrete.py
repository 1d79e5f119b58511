r"""Discrete families: independent bits, and independent categorical variables.

A discrete sample is no smooth function of anything, so there is no z = t_phi(eps), and every pathwise estimator refuses these
families. They draw from a ``torch.Generator`` and serve the score function and what is built on it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Size, Tensor, nn
from torch.distributions import Distribution, constraints
from torch.nn.functional import logsigmoid, one_hot

from course_vi import exact, expect
from course_vi.families.base import Family

__all__ = ["BernoulliMeanField", "BernoulliVector", "CategoricalMeanField", "DiscreteFamily", "OneHotVector"]


class _Discrete(Distribution):
    """A distribution of a vector, indexed by ``logits``; subclasses draw from it and score it."""

    arg_constraints: dict[str, constraints.Constraint] = {}
    support = constraints.real_vector

    def __init__(self, logits: Tensor, batch_shape: Size, dim: int) -> None:
        self.logits = logits
        super().__init__(batch_shape, Size([dim]), validate_args=False)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        """z ``(*shape, D)`` without a graph, where shape ends in the batch."""
        raise NotImplementedError

    def sample(self, sample_shape: Size | list[int] | tuple[int, ...] = (), generator: torch.Generator | None = None) -> Tensor:
        return self.draw((*sample_shape, *self._batch_shape), generator)

    def detach(self) -> _Discrete:
        return type(self)(self.logits.detach())                    # type: ignore[call-arg]


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
        uniform = torch.rand((*shape, variables, 1), generator=generator, dtype=edges.dtype, device=edges.device)
        return one_hot((uniform >= edges).sum(-1), categories).to(edges.dtype).flatten(-2)

    def log_prob(self, value: Tensor) -> Tensor:
        return (value * self.log_probs.flatten(-2)).sum(-1)

    def entropy(self) -> Tensor:
        return -(self.log_probs.exp() * self.log_probs).sum((-2, -1))


class DiscreteFamily(Family):
    """What the two share: one parameter, ``logits``, and a recipe ``build`` from logits to density, which an amortized family calls too."""

    reparametrized = False
    replicable = True
    noise_dim = 0
    event_dims = {"logits": 1}
    logits: nn.Parameter

    def numbers(self, x: Tensor | None = None) -> dict[str, Tensor]:
        return {"logits": self.logits}

    def distribution(self, x: Tensor | None = None) -> Any:
        return self.build(**self.numbers(x))

    def states(self) -> Tensor:
        """Every value that z can take, ``(S, D)``: for exact sums over small families."""
        raise NotImplementedError


class BernoulliMeanField(DiscreteFamily):
    r"""Independent bits: :math:`q(z) = \prod_d \mathrm{Bernoulli}(z_d; \sigma(l_d))`, with z of zeros and ones, ``(K, *B, D)``.

    Args:
        dim: D.
        logits: initial l, ``(*B, D)``; zeros by default.

    Raises:
        ValueError: the last axis of the logits is not D, or ``dim`` is not positive.

    >>> q = BernoulliMeanField(3)
    >>> q.sample(5, generator=torch.Generator().manual_seed(0)).shape, q(None, q.states()).exp()[0].detach()
    (torch.Size([5, 3]), tensor(0.1250))
    """

    def __init__(self, dim: int, logits: Tensor | None = None) -> None:
        super().__init__()
        expect.positive_integer("dim", dim)
        if logits is not None:
            expect.event_size("logits", logits, dim)
        self.dim = dim
        self.logits = nn.Parameter(torch.zeros(dim) if logits is None else logits.detach().clone())

    @property
    def batch_shape(self) -> Size:
        return self.logits.shape[:-1]

    @staticmethod
    def build(**parameters: Tensor) -> BernoulliVector:
        return BernoulliVector(parameters["logits"])

    def states(self) -> Tensor:
        return exact.enumerate_binary(self.dim, like=self.logits.detach())


class CategoricalMeanField(DiscreteFamily):
    r"""N independent variables with C categories each, :math:`q(z) = \prod_n \mathrm{Categorical}(z_n; \mathrm{softmax}(l_n))`.

    The event is **one-hot**: z is ``(K, *B, N C)``, variable after variable, so ``z.unflatten(-1, (N, C)).argmax(-1)`` gives the
    indices. One-hot because a model is then a function of one real vector: a table becomes a matrix product, and the same model
    can be asked about the relaxed samples of Gumbel-softmax. So the family's ``dim`` is N C.

    Args:
        dim: N, the number of variables.
        categories: C, 2 or more.
        logits: initial l, ``(*B, N, C)``; zeros by default. A constant added to a row changes nothing.

    Raises:
        ValueError: the last axes of the logits are not (N, C), or there is only one category.

    >>> q = CategoricalMeanField(2, categories=3)
    >>> q.dim, q.sample(5).shape, q.states().shape
    (6, torch.Size([5, 6]), torch.Size([9, 6]))
    """

    event_dims = {"logits": 2}

    def __init__(self, dim: int, categories: int, logits: Tensor | None = None) -> None:
        super().__init__()
        expect.positive_integer("dim", dim)
        expect.positive_integer("categories", categories)
        if categories < 2:
            raise ValueError(f"categories is {categories}; expected 2 or more")
        if logits is not None and tuple(logits.shape[-2:]) != (dim, categories):
            raise ValueError(f"logits has shape {tuple(logits.shape)}; expected (*B, {dim}, {categories})")
        self.dim, self.variables, self.categories = dim * categories, dim, categories
        self.logits = nn.Parameter(torch.zeros(dim, categories) if logits is None else logits.detach().clone())

    @property
    def batch_shape(self) -> Size:
        return self.logits.shape[:-2]

    @staticmethod
    def build(**parameters: Tensor) -> OneHotVector:
        return OneHotVector(parameters["logits"])

    def states(self) -> Tensor:
        indices = exact.enumerate_categories((self.categories,) * self.variables)
        return one_hot(indices, self.categories).flatten(-2).to(self.logits.detach())
