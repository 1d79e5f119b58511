"""What bias a check catches: with how many estimates, at which limit, and how surely."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["AGAIN", "REPLICATES", "SURE", "Z_LIMIT", "caught", "limit", "normal_score", "power"]

Z_LIMIT = 5.0  # a z-score that one look may reach
REPLICATES, AGAIN = (
    10_000,
    4,
)  # of a first look at a mean, and how many times more its second look takes
SURE = 0.95  # the power with which a bias is said to be caught


def power(bias: float, error: float, more: float = AGAIN) -> float:
    """The chance that ``unbiased`` catches a bias: both looks must find it more than ``Z_LIMIT`` standard errors away.

    Args:
        error: the standard error of the first look; the second has ``more`` times as many replicates.

    >>> round(power(0.07, 0.01), 2), round(power(0.05, 0.01), 2)
    (0.98, 0.5)
    """

    def exceeds(shift: float) -> float:
        return 0.5 * math.erfc((Z_LIMIT - shift) / 2**0.5) + 0.5 * math.erfc(
            (Z_LIMIT + shift) / 2**0.5
        )

    return exceeds(bias / error) * exceeds(bias / error * more**0.5)


def caught(error: float, chance: float = SURE) -> float:
    """The smallest bias that ``unbiased`` catches with this chance, from the standard error of its first look.

    >>> round(caught(0.01), 3)
    0.066
    """
    low, high = 0.0, 4 * Z_LIMIT
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle, 1.0) < chance else (low, middle)
    return high * error


def normal_score(t: np.ndarray, count: int) -> np.ndarray:
    """Student's t of so many estimates as the z-score that is as rare; far out, t itself."""
    from scipy.special import ndtri, stdtr

    far = 6 * Z_LIMIT
    near = np.clip(np.abs(t), 0.0, far)
    return np.sign(t) * np.where(near < far, -ndtri(stdtr(count - 1, -near)), np.abs(t))


def limit(count: int) -> float:
    """The value of Student's t that is as rare as a z-score of ``Z_LIMIT``."""
    from scipy.special import ndtr, stdtrit

    return -float(stdtrit(count - 1, ndtr(-Z_LIMIT)))
