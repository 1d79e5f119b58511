r"""Bits back where q is no product: a normal with any covariance, told axis by axis, and two stochastic layers, with and without bit swap.

Both draw their latents in parts, each given those before it, :math:`q(z \mid x) = \prod_i q(z_i \mid x, z_{<i})`. Bins need no product.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_vi import validate
from course_vi.coding import BernoulliCode, BitsBack, DiscretizedNormalCode, Stack, UniformCode
from course_vi.coding.symbols import bin_medians
from course_vi.distributions import CholeskyNormal
from course_vi.families import Amortized, Layered
from course_vi.models import VAE, HierarchicalVAE

__all__ = ["Coded", "DenseCoder", "LatentCoder", "LayeredCoder", "PlainCoder", "coded"]


class Coded(NamedTuple):
    """Rows that went through a coder, and came back.

    Attributes:
        net: bits on the stack less those that lay there before, for each row, ``(N,)``, in the order of the rows.
        initial: how many of the bits that lay there were needed.
    """

    net: Tensor
    initial: int


class LatentCoder:
    """One row on a stack, and off it again; ``coded`` chains the rows."""

    def push(self, stack: Stack, x: Tensor) -> list[int]:
        """Push a row ``(Dx,)``; how many bits there were after each pop and each push of a part."""
        raise NotImplementedError

    def pop(self, stack: Stack) -> Tensor:
        """The row, and the stack as it was before it."""
        raise NotImplementedError


class PlainCoder(LatentCoder):
    """``BitsBack``, a row at a time."""

    def __init__(self, p: VAE, q: Amortized, precision: int = 10) -> None:
        self.coder = BitsBack(p, q, precision)
        self.prior = UniformCode(self.coder.bins, p.latent_dim)

    def push(self, stack: Stack, x: Tensor) -> list[int]:
        index = stack.pop(self.coder.posterior_code(x))
        heights = [stack.bits]
        stack.push(_symbols(x), self.coder.likelihood_code(self.coder.latents(index)))
        heights.append(stack.bits)
        stack.push(index, self.prior)
        return [*heights, stack.bits]

    def pop(self, stack: Stack) -> Tensor:
        return self.coder.pop(stack, 1)[0]


class DenseCoder(LatentCoder):
    r"""A VAE with :math:`q(z \mid x) = N(\mu, L L^\top)`: axis i is drawn from its normal given the bins of the axes before it,

    .. math:: z_i \mid z_{<i} \sim N\Big(\mu_i + \sum_{j < i} L_{ij}\, \epsilon_j,\; L_{ii}^2\Big), \qquad \epsilon = L^{-1} (z - \mu).

    Args:
        p: a VAE with a Bernoulli likelihood.
        q: ``Amortized(FullRank(D), ...)``.
        precision: the logarithm to base 2 of the number of bins of each axis, of equal mass under the prior.

    Raises:
        TypeError: q answers with another density.
    """

    def __init__(self, p: VAE, q: Amortized, precision: int = 10) -> None:
        validate.positive_integer("precision", precision)
        self.p, self.q, self.bins = p, q, 2**precision
        self.prior = UniformCode(self.bins, p.latent_dim)

    def push(self, stack: Stack, x: Tensor) -> list[int]:
        index = np.zeros(self.p.latent_dim, dtype=np.int32)
        loc, root = self._posterior(x)
        for axis in range(len(index)):
            index[axis : axis + 1] = stack.pop(self._axis(loc, root, index, axis))
        heights = [stack.bits]
        stack.push(_symbols(x), self._likelihood(index))
        heights.append(stack.bits)
        stack.push(index, self.prior)
        return [*heights, stack.bits]

    def pop(self, stack: Stack) -> Tensor:
        index = stack.pop(self.prior)
        x = torch.as_tensor(stack.pop(self._likelihood(index))).float()
        loc, root = self._posterior(x)
        for axis in reversed(range(len(index))):
            stack.push(index[axis : axis + 1], self._axis(loc, root, index, axis))
        return x

    @torch.no_grad()
    def _posterior(self, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
        q = self.q.distribution(x)
        if not isinstance(q, CholeskyNormal):
            raise TypeError(f"q answers with a {type(q).__name__}; expected a CholeskyNormal")
        return q.loc.double().numpy(), q.scale_tril.double().numpy()

    def _axis(
        self, loc: np.ndarray, root: np.ndarray, index: np.ndarray, axis: int
    ) -> DiscretizedNormalCode:
        """q of one axis, given the bins of those before it."""
        z, eps = bin_medians(index, self.bins), np.zeros(axis)
        for row in range(axis):
            eps[row] = (z[row] - loc[row] - root[row, :row] @ eps[:row]) / root[row, row]
        return DiscretizedNormalCode(
            loc[axis : axis + 1] + root[axis, :axis] @ eps, root[axis, axis : axis + 1], self.bins
        )

    @torch.no_grad()
    def _likelihood(self, index: np.ndarray) -> BernoulliCode:
        return _pixels(self.p, torch.as_tensor(bin_medians(index, self.bins)).float())


class LayeredCoder(LatentCoder):
    r"""Two layers, :math:`p(z_2)\, p(z_1 \mid z_2)\, p(x \mid z_1)`, with :math:`q(z_1 \mid x)\, q(z_2 \mid z_1)`.

    Plain: pop :math:`z_1`, pop :math:`z_2`, push x, push :math:`z_1`, push :math:`z_2`. With ``swap``: pop :math:`z_1`, push x, pop
    :math:`z_2`, push :math:`z_1`, push :math:`z_2`. As long as the bits popped are fair, the net bits are of one
    law; the bits that x leaves are there for :math:`z_2` to be
    drawn from, so that fewer have to be lent. Bins of :math:`z_1` have equal mass under ``N(loc, scale^2)``, an agreement like any other.

    Args:
        loc, scale: of z_1, ``(D_1,)``, as found in training images, for instance.

    Source: Kingma, Abbeel and Ho, "Bit-Swap: recursive bits-back coding for lossless compression with hierarchical latent variables",
    ICML 2019.
    """

    def __init__(
        self,
        p: HierarchicalVAE,
        q: Layered,
        loc: Tensor,
        scale: Tensor,
        precision: int = 10,
        swap: bool = True,
    ) -> None:
        validate.positive_integer("precision", precision)
        self.p, self.q, self.loc, self.scale, self.bins, self.swap = (
            p,
            q,
            loc,
            scale,
            2**precision,
            swap,
        )
        self.top = UniformCode(self.bins, p.latent_dims[1])

    def push(self, stack: Stack, x: Tensor) -> list[int]:
        heights = []

        first = stack.pop(self._posterior(x))
        heights.append(stack.bits)
        z1 = self._place(first)
        if self.swap:
            stack.push(_symbols(x), _pixels(self.p.bottom, z1))
            heights.append(stack.bits)
        second = stack.pop(self._upper(z1))
        heights.append(stack.bits)
        if not self.swap:
            stack.push(_symbols(x), _pixels(self.p.bottom, z1))
            heights.append(stack.bits)
        stack.push(first, self._middle(second))
        heights.append(stack.bits)
        stack.push(second, self.top)
        return [*heights, stack.bits]

    def pop(self, stack: Stack) -> Tensor:
        second = stack.pop(self.top)
        first = stack.pop(self._middle(second))
        z1 = self._place(first)
        if self.swap:
            stack.push(second, self._upper(z1))
        x = torch.as_tensor(stack.pop(_pixels(self.p.bottom, z1))).float()
        if not self.swap:
            stack.push(second, self._upper(z1))
        stack.push(first, self._posterior(x))
        return x

    def _place(self, index: np.ndarray) -> Tensor:
        return self.loc + self.scale * torch.as_tensor(bin_medians(index, self.bins)).float()

    @torch.no_grad()
    def _posterior(self, x: Tensor) -> DiscretizedNormalCode:
        q: Any = self.q.first.distribution(x)
        return DiscretizedNormalCode(
            (q.loc - self.loc) / self.scale, q.stddev / self.scale, self.bins
        )

    @torch.no_grad()
    def _upper(self, z1: Tensor) -> DiscretizedNormalCode:
        q: Any = self.q.second.distribution(z1)
        return DiscretizedNormalCode(q.loc, q.stddev, self.bins)

    @torch.no_grad()
    def _middle(self, second: np.ndarray) -> DiscretizedNormalCode:
        p = self.p.middle(torch.as_tensor(bin_medians(second, self.bins)).float())
        return DiscretizedNormalCode(
            (p.loc - self.loc) / self.scale, p.stddev / self.scale, self.bins
        )


def coded(coder: LatentCoder, x: Tensor, words: int = 64, seed: int = 0) -> Coded:
    """Push rows ``x: (N, Dx)``, the last one first, on a stack of random bits; pop them again; assert that nothing was lost.

    Raises:
        AssertionError: a row came back changed, or the stack did.

    >>> from course_vi.families import FullRank
    >>> from course_vi.nets import mlp
    >>> p, q = VAE(2, 64, 8), Amortized(FullRank(2), mlp(64, 8, 8))
    >>> found = coded(DenseCoder(p, q), torch.ones(3, 64))
    >>> found.net.shape, 0 < found.initial < 64
    (torch.Size([3]), True)
    """
    stack = Stack.random(words, seed)
    before, start, lowest, net = stack.words(), stack.bits, stack.bits, []
    for row in reversed(x):
        height = stack.bits
        lowest = min(lowest, *coder.push(stack, row))
        net.append(stack.bits - height)
    back = torch.stack([coder.pop(stack) for _ in x])
    if not torch.equal(back, x) or not np.array_equal(stack.words(), before):
        raise AssertionError("a row, or the stack, did not come back as it was")
    return Coded(torch.tensor(net[::-1], dtype=torch.float64), start - lowest)


def _symbols(x: Tensor) -> np.ndarray:
    return x.numpy().astype(np.int32)


@torch.no_grad()
def _pixels(p: VAE, z: Tensor) -> BernoulliCode:
    return BernoulliCode(p.decoded(z).double().sigmoid())
