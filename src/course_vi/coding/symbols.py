r"""Symbols on a stack of bits: asymmetric numeral systems (ANS), by the library ``constriction``.

Pushing a symbol s of probability p(s) makes the stack longer by about :math:`-\log_2 p(s)` bits. Popping is the inverse, bit for bit,
and from a stack of fair coin flips it *draws* s with probability p(s): decoding is sampling. What was pushed last is popped first.

**Overhead.** The coder knows probabilities that are multiples of :math:`\epsilon = 2^{-24}` and never zero. Among n symbols it mixes in a
little of the uniform, :math:`\tilde p(s) = (1 - n \epsilon)\, p(s) + \epsilon`, and rounds. ``log_prob`` is that of the mixture, so that
nothing costs more than 24 bits; what is left is the rounding, at most :math:`\epsilon / \tilde p(s)` nats or so, with either sign.
"""

from __future__ import annotations

import math

import constriction
import numpy as np
import torch
from scipy.special import ndtr, ndtri
from torch import Tensor

from course_vi import validate

__all__ = [
    "BernoulliCode",
    "CategoricalCode",
    "DiscretizedNormalCode",
    "Stack",
    "SymbolCode",
    "UniformCode",
    "bin_medians",
]

EPSILON = 2.0**-24
LARGEST = 2**20  # symbols in one alphabet: each needs many multiples of 2^-24
_models = constriction.stream.model


class SymbolCode:
    """Probabilities for a vector of n independent symbols, each a whole number from 0 up.

    Attributes:
        count: n.
        model, parameters: what ``constriction`` is told.
    """

    count: int
    model: object
    parameters: tuple[np.ndarray, ...]

    def log_prob(self, symbols: np.ndarray) -> np.ndarray:
        """The log-probability of each symbol, in nats, ``(n,)``: what a coder without rounding would spend."""
        raise NotImplementedError


class UniformCode(SymbolCode):
    """All of ``size`` symbols alike; ``log2(size)`` bits each, exactly, if the size is a power of two.

    >>> UniformCode(8, 2).log_prob(np.array([0, 7])) / math.log(2)
    array([-3., -3.])
    """

    def __init__(self, size: int, count: int) -> None:
        _alphabet("size", size)
        validate.positive_integer("count", count)
        self.size, self.count, self.model, self.parameters = (
            size,
            count,
            _models.Uniform(),
            (np.full(count, size, dtype=np.int32),),
        )

    def log_prob(self, symbols: np.ndarray) -> np.ndarray:
        return np.full(len(symbols), -math.log(self.size))


class BernoulliCode(SymbolCode):
    """Bits, each 1 with its own probability.

    Args:
        probs: ``(n,)``; 0 and 1 may be said; the wrong symbol then costs 24 bits.
    """

    def __init__(self, probs: Tensor | np.ndarray) -> None:
        self.probs = _numbers("probs", probs, 1)
        if (self.probs < 0).any() or (self.probs > 1).any():
            raise ValueError(
                f"probs has entries from {self.probs.min():g} to {self.probs.max():g}; expected 0 to 1"
            )
        self.count, self.model, self.parameters = (
            len(self.probs),
            _models.Bernoulli(perfect=False),
            (self.probs,),
        )

    def log_prob(self, symbols: np.ndarray) -> np.ndarray:
        return np.log(
            (1 - 2 * EPSILON) * np.where(symbols == 1, self.probs, 1 - self.probs) + EPSILON
        )


class CategoricalCode(SymbolCode):
    """One of C symbols, with a row of probabilities for each of the n.

    Args:
        probs: ``(n, C)``, nonnegative, rows adding up to one.
    """

    def __init__(self, probs: Tensor | np.ndarray) -> None:
        self.probs = _numbers("probs", probs, 2)
        _alphabet("the number of columns of probs", self.probs.shape[1])
        if (self.probs < 0).any() or np.abs(self.probs.sum(1) - 1).max() > 1e-4:
            raise ValueError(
                "probs has negative entries, or rows that do not add up to one; expected probabilities"
            )
        self.count, self.model, self.parameters = (
            len(self.probs),
            _models.Categorical(perfect=False),
            (self.probs,),
        )

    def log_prob(self, symbols: np.ndarray) -> np.ndarray:
        return np.log(
            (1 - self.probs.shape[1] * EPSILON) * self.probs[np.arange(self.count), symbols]
            + EPSILON
        )


class DiscretizedNormalCode(CategoricalCode):
    r"""Normal variables, told by the bin they fall into; the bins are equally probable under a standard normal.

    .. math:: P(i) = \Phi\Big(\frac{e_{i+1} - \mu}{\sigma}\Big) - \Phi\Big(\frac{e_i - \mu}{\sigma}\Big), \qquad e_i = \Phi^{-1}(i / n),

    and :math:`z = \Phi^{-1}\big((i + \tfrac12) / n\big)` stands for bin i.

    Args:
        loc, scale: :math:`\mu` and :math:`\sigma`, ``(D,)``, in units of the prior.
        bins: n.

    >>> DiscretizedNormalCode(np.zeros(1), np.ones(1), bins=4).probs.round(6).tolist()      # the prior itself
    [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(self, loc: Tensor | np.ndarray, scale: Tensor | np.ndarray, bins: int) -> None:
        _alphabet("bins", bins)
        loc, scale = _numbers("loc", loc, 1), _numbers("scale", scale, 1)
        if loc.shape != scale.shape or (scale <= 0).any():
            raise ValueError(
                f"loc and scale have shapes {loc.shape} and {scale.shape}, the least scale {scale.min():g}; "
                "expected one shape, and positive scales"
            )
        edges = (ndtri(np.arange(1, bins) / bins) - loc[:, None]) / scale[:, None]  # (D, n - 1)
        edges = np.pad(edges, ((0, 0), (1, 1)), constant_values=((0, 0), (-np.inf, np.inf)))
        low, high = edges[:, :-1], edges[:, 1:]
        mirrored = (
            low > 0
        )  # a difference of upper tails loses its digits: take it on the other side
        super().__init__(
            ndtr(np.where(mirrored, -low, high)) - ndtr(np.where(mirrored, -high, low))
        )


def bin_medians(index: np.ndarray, bins: int) -> np.ndarray:
    """The z that stands for each bin of ``DiscretizedNormalCode``, in units of the prior.

    >>> bin_medians(np.array([0, 1, 2, 3]), bins=4).round(3).tolist()
    [-1.15, -0.319, 0.319, 1.15]
    """
    return ndtri((index + 0.5) / bins)


class Stack:
    """A stack of bits.

    Args:
        words: what is on it, 32-bit words, as ``words()`` gives them; empty by default.

    Raises:
        ValueError: the words can be no stack.

    Source: Duda, "Asymmetric numeral systems", 2009; Bamler, "Understanding entropy coding with asymmetric numeral systems", 2022.

    >>> stack = Stack()
    >>> stack.push(np.array([1, 0, 1]), BernoulliCode(np.array([0.9, 0.2, 0.5])))
    >>> stack.push(np.array([2]), CategoricalCode(np.array([[0.1, 0.2, 0.7]])))
    >>> stack.pop(CategoricalCode(np.array([[0.1, 0.2, 0.7]]))), stack.pop(BernoulliCode(np.array([0.9, 0.2, 0.5]))), stack.bits
    (array([2], dtype=int32), array([1, 0, 1], dtype=int32), 0)
    """

    def __init__(self, words: np.ndarray | None = None) -> None:
        given = np.zeros(0, dtype=np.uint32) if words is None else np.asarray(words)
        if given.dtype != np.uint32 or given.ndim != 1 or (len(given) and given[-1] == 0):
            raise ValueError(
                f"words has dtype {given.dtype} and shape {given.shape}; expected (n,) of uint32, the last of them not zero"
            )
        self._coder = constriction.stream.stack.AnsCoder(given)

    @classmethod
    def random(cls, words: int, seed: int = 0) -> Stack:
        """A stack of fair coin flips, ``32 * words`` bits with a 1 on top: popping from it is sampling."""
        validate.positive_integer("words", words)
        flips = np.random.default_rng(seed).integers(0, 2**32, words, dtype=np.uint32)
        flips[-1] |= np.uint32(2**31)
        return cls(flips)

    @property
    def bits(self) -> int:
        """The length in bits, to the last one that is set."""
        return self._coder.num_valid_bits()

    def words(self) -> np.ndarray:
        """Everything on the stack, ``(n,)`` of uint32."""
        return self._coder.get_compressed()

    def push(self, symbols: np.ndarray, code: SymbolCode) -> None:
        """Push n symbols; ``pop`` gives them back in the same order.

        Raises:
            ValueError: another number of symbols, or one that the code does not know.
        """
        symbols = np.asarray(symbols)
        if (
            symbols.shape != (code.count,)
            or (symbols != symbols.astype(np.int32)).any()
            or (symbols < 0).any()
        ):
            raise ValueError(
                f"symbols has shape {symbols.shape}; expected ({code.count},) of whole numbers, 0 or more"
            )
        try:
            self._coder.encode_reverse(symbols.astype(np.int32), code.model, *code.parameters)
        except KeyError:
            raise ValueError(
                f"symbols has entries up to {symbols.max()}, which {type(code).__name__} does not know"
            ) from None

    def pop(self, code: SymbolCode) -> np.ndarray:
        """Pop n symbols, ``(n,)``. An empty stack gives symbols too: those that cost nothing to push on it."""
        return self._coder.decode(code.model, *code.parameters)


def _alphabet(name: str, size: int) -> None:
    validate.positive_integer(name, size)
    if not 2 <= size <= LARGEST:
        raise ValueError(f"{name} is {size}; expected 2 to {LARGEST} symbols")


def _numbers(name: str, value: Tensor | np.ndarray, dims: int) -> np.ndarray:
    array = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
    array = np.ascontiguousarray(array, dtype=np.float64)
    if array.ndim != dims or not array.size:
        raise ValueError(
            f"{name} has shape {array.shape}; expected {'(n,)' if dims == 1 else '(n, C)'} with n at least 1"
        )
    validate.finite(name, torch.from_numpy(array))
    return array
