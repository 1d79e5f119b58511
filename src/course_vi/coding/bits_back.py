r"""Bits back: a code for models with latents. The choice of z is paid for with bits that the receiver gets back."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Independent

from course_vi import validate
from course_vi.coding.symbols import (
    BernoulliCode,
    CategoricalCode,
    DiscretizedNormalCode,
    Stack,
    SymbolCode,
    UniformCode,
    bin_medians,
)
from course_vi.distributions import DiagonalNormal
from course_vi.families.base import Family
from course_vi.models.base import Model

__all__ = ["BitsBack"]

_HEADER = struct.Struct("<4sII")  # a name, the number of rows, and a check sum of the rest
_MAGIC = b"BBK1"


class BitsBack:
    r"""Lossless compression of rows x with a model p(x, z) and an approximate posterior q(z | x).

    For each row, with everything on one stack:

    1. *pop* z from q(z | x): it costs nothing and takes :math:`-\log_2 q(z \mid x)` bits off the stack;
    2. *push* x with p(x | z);
    3. *push* z with p(z).

    The decoder runs backwards and, having found z and x, pushes z with q(z | x): the bits of step 1 are back. The net length of a row
    is :math:`-\log_2 p(x \mid z) p(z) / q(z \mid x)`, with z drawn from q by popping: in the mean minus the ELBO, in bits, of the model
    whose z lives on the bins, if what is popped are fair coin flips. Rows are chained: what one leaves on the stack, the next one
    pops. That is fair only where what is pushed has the distribution it is pushed with: where q, averaged over the data, is the prior,
    and the rows given z are as p(x | z) has them. Otherwise the bits are dirty: still lossless, but z is no fair
    draw from q, and the mean is another one.

    **Overheads**, besides the rounding of probabilities (see ``symbols``). *Bins*: each latent is told by one of 2^``precision`` bins
    of equal prior probability, and the middle of the bin (its median) stands for it; the ELBO of that model tends to the continuous
    one as the bins shrink below the width of q. *Initial bits*: the first row must pop from something; ``initial_words`` random words,
    made from ``seed`` and so known to both sides, lie under the message and lengthen it once, whatever the number of rows. *Header*:
    12 bytes. *Ends*: whole words.

    Sender and receiver must compute the same probabilities, bit for bit: the same p and q on the same kind of machine. Rows go through
    the nets one at a time, in both directions, since batching changes the last digits.

    Args:
        p: a model with a diagonal normal prior and a Bernoulli or categorical likelihood of its data, such as ``VAE``.
        q: a family that answers with diagonal normals, such as ``Amortized(MeanField(D), ...)``.
        precision: the logarithm to base 2 of the number of bins.
        initial_words, seed: the random words at the bottom of the stack.

    Raises:
        TypeError: a prior, posterior or likelihood of another kind.

    Source: Hinton and van Camp, 1993; Frey and Hinton, 1997; Townsend, Bird and Barber, "Practical lossless compression with latent
    variables using bits back coding", ICLR 2019.

    >>> from course_vi.families import Amortized, MeanField
    >>> from course_vi.models import VAE
    >>> from course_vi.nets import mlp
    >>> coder = BitsBack(VAE(2, 64, 8), Amortized(MeanField(2), mlp(64, 8, 4)))
    >>> x = torch.bernoulli(torch.full((20, 64), 0.3))
    >>> torch.equal(coder.decode(coder.encode(x)), x)
    True
    """

    def __init__(
        self, p: Model, q: Family, precision: int = 10, initial_words: int = 32, seed: int = 0
    ) -> None:
        validate.positive_integer("precision", precision)
        if precision > 16:
            raise ValueError(
                f"precision is {precision}; expected 16 or less: 2^{precision} bins would ask for more digits than a code has"
            )
        if not p.local or q.dim != p.latent_dim:
            raise ValueError(
                f"q is over {q.dim} latents, but {type(p).__name__} has {p.latent_dim}, local: {p.local}; "
                "expected one family for the latents of one datum"
            )
        prior = p.prior()
        if not isinstance(prior, DiagonalNormal):
            raise TypeError(
                f"p has a prior of type {type(prior).__name__}; expected a DiagonalNormal, whose bins are known"
            )
        self.p, self.q, self.bins, self.initial_words, self.seed = (
            p,
            q,
            2**precision,
            initial_words,
            seed,
        )
        self._latents = UniformCode(self.bins, p.latent_dim)

    # -- the two codes ---------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def posterior_code(self, x: Tensor) -> DiscretizedNormalCode:
        """q(z | x) on the bins, for one row ``x: (Dx,)``."""
        prior, q = self.p.prior(), self.q.distribution(x)
        if not isinstance(q, DiagonalNormal):
            raise TypeError(
                f"q answers with a {type(q).__name__}; expected a DiagonalNormal, whose bins are independent"
            )
        return DiscretizedNormalCode(
            (q.loc - prior.mean) / prior.stddev, q.stddev / prior.stddev, self.bins
        )

    @torch.no_grad()
    def latents(self, index: np.ndarray) -> Tensor:
        """z ``(D,)`` for the bins ``index: (D,)``."""
        prior = self.p.prior()
        return prior.mean + prior.stddev * torch.as_tensor(bin_medians(index, self.bins)).to(
            prior.mean
        )

    @torch.no_grad()
    def likelihood_code(self, z: Tensor) -> SymbolCode:
        """p(x | z) for one ``z: (D,)``."""
        density = self.p.likelihood(z)
        base = density.base_dist if isinstance(density, Independent) else density
        if isinstance(base, Bernoulli):
            return BernoulliCode(base.probs)
        if isinstance(base, Categorical):
            return CategoricalCode(base.probs)
        raise TypeError(
            f"p has a likelihood of type {type(base).__name__}; expected Bernoulli or Categorical symbols"
        )

    def log_weight(self, x: Tensor, index: np.ndarray) -> float:
        """log p(x | z) P(i) / Q(i | x) for one row and the bins ``index`` of its latents: minus its net length, in nats."""
        symbols = self._rows(x.unsqueeze(0))[0]
        terms = (
            self.likelihood_code(self.latents(index)).log_prob(symbols),
            self._latents.log_prob(index),
        )
        return float(
            sum(term.sum() for term in terms) - self.posterior_code(x).log_prob(index).sum()
        )

    # -- rows on a stack -------------------------------------------------------------------------------------------------------

    def push(self, stack: Stack, x: Tensor) -> list[np.ndarray]:
        """Push the rows ``x: (N, Dx)``, the last one first, so that they are popped in order; the bins that were drawn for them.

        Raises:
            ValueError: x is empty, not finite or holds what is no symbol; or the stack ran out of bits to draw latents from.
        """
        chosen = []
        for row, symbols in zip(reversed(x), self._rows(x)[::-1], strict=True):
            index = stack.pop(self.posterior_code(row))
            if stack.bits <= 32:
                raise ValueError(
                    f"the stack ran out of bits to draw latents from; expected more than {self.initial_words} initial_words"
                )
            stack.push(symbols, self.likelihood_code(self.latents(index)))
            stack.push(index, self._latents)
            chosen.append(index)
        return chosen[::-1]

    def pop(self, stack: Stack, rows: int) -> Tensor:
        """The inverse of ``push``: rows ``(N, Dx)``, and the stack as it was before them."""
        validate.positive_integer("rows", rows)
        like, found = self.p.prior().mean, []
        for _ in range(rows):
            index = stack.pop(self._latents)
            row = torch.as_tensor(stack.pop(self.likelihood_code(self.latents(index)))).to(like)
            stack.push(index, self.posterior_code(row))
            found.append(row)
        return torch.stack(found)

    # -- rows as bytes ---------------------------------------------------------------------------------------------------------

    def encode(self, x: Tensor) -> bytes:
        """The rows ``x: (N, Dx)`` as bytes. Raises: see ``push``."""
        stack = Stack.random(self.initial_words, self.seed)
        self.push(stack, x)
        body = stack.words().astype("<u4").tobytes()
        return _HEADER.pack(_MAGIC, len(x), zlib.crc32(body)) + body

    def decode(self, data: bytes) -> Tensor:
        """The rows again, ``(N, Dx)``, each number as it was.

        Raises:
            ValueError: the bytes are cut or changed (by their check sum), or were written by other nets or settings (what is left on
                the stack are not the initial bits).
        """
        if len(data) < _HEADER.size or data[:4] != _MAGIC or (len(data) - _HEADER.size) % 4:
            raise ValueError(
                f"data has {len(data)} bytes that begin with {data[:4]!r}; expected what encode returned"
            )
        _, rows, checksum = _HEADER.unpack_from(data)
        body = data[_HEADER.size :]
        if zlib.crc32(body) != checksum:
            raise ValueError(
                "data is corrupt: its check sum does not fit; expected what encode returned, unchanged"
            )
        stack = Stack(np.frombuffer(body, dtype="<u4").astype(np.uint32))
        other = (
            "data was written with another model, family or setting; expected those it is read with"
        )
        try:
            x = self.pop(stack, rows)
        except ValueError as error:
            raise ValueError(other) from error
        if not np.array_equal(stack.words(), Stack.random(self.initial_words, self.seed).words()):
            raise ValueError(other)
        return x

    def net_bits(self, data: bytes) -> int:
        """The length of what ``encode`` returned, without header and initial bits."""
        return (
            Stack(np.frombuffer(data[_HEADER.size :], dtype="<u4").astype(np.uint32)).bits
            - 32 * self.initial_words
        )

    def _rows(self, x: Tensor) -> list[np.ndarray]:
        """The rows as symbols."""
        validate.event_size("x", x, self.p.data_dim)
        if x.dim() != 2 or len(x) == 0:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected (N, {self.p.data_dim}) with at least one row"
            )
        validate.finite("x", x)
        if bool(((x != x.round()) | (x < 0)).any()):
            raise ValueError(
                f"x has entries from {x.min():g} to {x.max():g} that are no symbols; expected whole numbers, 0 or more"
            )
        return list(x.detach().cpu().numpy().astype(np.int32))
