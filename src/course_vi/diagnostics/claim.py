r"""An empirical sentence, held to its evidence: how many seeds, which difference, how sure."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = ["Claim", "UnsupportedClaim", "claim"]

LEAST, LIMIT = 5, 3.0  # seeds that an ordering needs; standard errors that it needs


class UnsupportedClaim(AssertionError):
    """A sentence that its numbers do not bear out."""


class Claim(NamedTuple):
    """A sentence with its evidence.

    Attributes:
        seeds: how many, each with its pair of runs.
        mean, standard_error: of the differences.
        t: their ratio; infinite where all differences are the same and not zero.
        holds: whether the sentence may stand.
    """

    sentence: str
    seeds: int
    mean: float
    standard_error: float
    t: float
    holds: bool

    def __str__(self) -> str:
        return (
            f"{'holds' if self.holds else 'DOES NOT HOLD'}: {self.sentence}  "
            f"(n = {self.seeds}, difference {self.mean:+.4g} ± {self.standard_error:.2g}, t = {self.t:+.1f})"
        )


def claim(
    sentence: str,
    differences: Sequence[float] | Tensor | Any,
    sign: int,
    least: int = LEAST,
    limit: float = LIMIT,
) -> Claim:
    r"""Hold a sentence about models or estimators to paired differences over seeds, and print what they say.

    With differences :math:`d_1, \dots, d_n`, one a seed, each between two runs that differ in nothing but what the sentence is about,

    .. math:: t = \frac{\bar d}{\mathrm{se}}, \qquad \mathrm{se}^2 = \frac{1}{n (n - 1)} \sum_i (d_i - \bar d)^2 .

    ``sign=+1`` claims that the difference is positive, ``-1`` that it is negative: at least ``limit`` standard errors on that side.
    ``sign=0`` claims that none is seen: fewer than ``limit`` on either side. That is no proof that there is none.

    Args:
        sentence: as it stands in the text.
        differences: ``(n,)`` numbers; a tensor, an array or a list.
        least: seeds needed. Fewer than five are no evidence for an ordering.

    Raises:
        UnsupportedClaim: the sentence does not hold. Not where ``COURSE_VI_SMOKE`` is set: few steps of training show nothing, and the
            line that is printed says so.
        ValueError: no numbers along one axis, a number that is not finite, another sign, too few seeds.

    Source: Student, "The probable error of a mean", Biometrika 1908; for why pairs and several seeds, Henderson et al., "Deep
    reinforcement learning that matters", AAAI 2018.

    >>> found = claim("three is more than two", [1.0, 1.1, 0.9, 1.0, 1.0], sign=+1)
    holds: three is more than two  (n = 5, difference +1 ± 0.032, t = +31.6)
    >>> found.holds
    True
    """
    values = torch.as_tensor(differences, dtype=torch.float64).detach().cpu()
    if values.ndim != 1:
        raise ValueError(
            f"differences have shape {tuple(values.shape)}; expected (n,), one number a seed"
        )
    if not values.isfinite().all():
        raise ValueError(f"differences are {values.tolist()}; expected finite numbers")
    if sign not in (-1, 0, 1):
        raise ValueError(f"sign is {sign!r}; expected +1, -1, or 0 for no difference seen")
    if least < 2 or len(values) < least:
        raise ValueError(
            f"differences are {len(values)}; expected at least {max(least, 2)}, one a seed"
        )
    mean = float(values.mean())
    error = float(values.std()) / math.sqrt(len(values))
    t = mean / error if error > 0 else math.copysign(math.inf, mean) if mean else 0.0
    holds = abs(t) < limit if sign == 0 else sign * t >= limit
    found = Claim(sentence, len(values), mean, error, t, holds)
    if os.environ.get("COURSE_VI_SMOKE", "") not in ("", "0"):
        print(f"not judged, after a few steps only: {sentence}")
        return found
    print(found)
    if not holds:
        raise UnsupportedClaim(str(found))
    return found
