r"""Discrete families: independent bits, and independent categorical variables.

A discrete sample is no smooth function of anything, so there is no z = t_phi(eps), and every pathwise estimator refuses these
families. They draw from a ``torch.Generator`` and serve the score function and what is built on it.
"""

from __future__ import annotations

import torch
from torch import Size, Tensor, nn
from torch.nn.functional import one_hot

from course_vi import exact, validate
from course_vi.distributions import BernoulliVector, Density, OneHotVector
from course_vi.families.base import Family

__all__ = ["BernoulliMeanField", "CategoricalMeanField", "DiscreteFamily"]


class DiscreteFamily(Family):
    """What the two share: one parameter, ``logits``, and ``from_parameters``, which an amortized family calls too."""

    reparametrized = False
    replicable = True
    noise_dim = 0
    parameter_event_dims = {"logits": 1}
    logits: nn.Parameter

    def distribution_parameters(self, x: Tensor | None = None) -> dict[str, Tensor]:
        return {"logits": self.logits}

    def distribution(self, x: Tensor | None = None) -> Density:
        return self.from_parameters(**self.distribution_parameters(x))

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
        validate.positive_integer("dim", dim)
        if logits is not None:
            validate.event_size("logits", logits, dim)
        self.dim = dim
        self.logits = nn.Parameter(torch.zeros(dim) if logits is None else logits.detach().clone())

    @property
    def batch_shape(self) -> Size:
        return self.logits.shape[:-1]

    @staticmethod
    def from_parameters(**parameters: Tensor) -> BernoulliVector:
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

    parameter_event_dims = {"logits": 2}

    def __init__(self, dim: int, categories: int, logits: Tensor | None = None) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        validate.positive_integer("categories", categories)
        if categories < 2:
            raise ValueError(f"categories is {categories}; expected 2 or more")
        if logits is not None and tuple(logits.shape[-2:]) != (dim, categories):
            raise ValueError(
                f"logits has shape {tuple(logits.shape)}; expected (*B, {dim}, {categories})"
            )
        self.dim, self.variables, self.categories = dim * categories, dim, categories
        self.logits = nn.Parameter(
            torch.zeros(dim, categories) if logits is None else logits.detach().clone()
        )

    @property
    def batch_shape(self) -> Size:
        return self.logits.shape[:-2]

    @staticmethod
    def from_parameters(**parameters: Tensor) -> OneHotVector:
        return OneHotVector(parameters["logits"])

    def states(self) -> Tensor:
        indices = exact.enumerate_categories((self.categories,) * self.variables)
        return one_hot(indices, self.categories).flatten(-2).to(self.logits.detach())

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, variables={self.variables}, categories={self.categories}"
