r"""Efficiency of an estimator: the variance of a reference over the variance that was measured.

.. math:: e = \frac{\sum_p \operatorname{Var}(r_p)}{\sum_p \operatorname{Var}(g_p)}

with g the estimates of an answer and r those of a right one, entry by entry p. One is as good as the reference; a half costs twice
the samples for the same error.

The error of a logarithm of variances needs no normal law. Its influence function is
``(g - mean)^2 / Var - 1``, so that of ``log e`` is the difference of two of them, row by row. Where answer and reference were given
the *same noise* the rows are paired, and the error of a right answer is zero; with noise of their own the errors add, by the same
formula.

Two right estimators may differ by any factor (a path derivative vanishes where the total derivative does not). So the reference is a
*set*: an answer is too noisy only beyond the noisiest of them, and too quiet only below the quietest, which no estimate can be that
uses the samples it was given: it averages over replicates in secret, or is exact with dust on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

__all__ = [
    "NOISY",
    "NOTHING",
    "QUIET",
    "Draws",
    "Efficiency",
    "joined",
    "measured",
    "outside",
    "points",
]

Z = 4.5  # standard errors that an interval reaches to either side
NOISY, QUIET = 0.8, 1.25  # efficiencies up to which an answer is as good as the reference
NOTHING = 0.1  # an efficiency that earns no points; each halving on the way costs a third
TINY = 1e-300


class Draws(NamedTuple):
    """Replicates of an answer's estimates, and of right ones.

    Attributes:
        estimates: ``(R, P)``, as they came.
        references: the right estimators, each ``(R, P)``: at the same noise, row by row, or at noise of their own. The first is the
            one that was asked for, and the unit of all efficiencies.
        rivals: others whose efficiency is printed beside the answer's.
    """

    estimates: np.ndarray
    references: Mapping[str, np.ndarray] = {}
    rivals: Mapping[str, np.ndarray] = {}


class Efficiency(NamedTuple):
    """An efficiency with its interval, and for comparison those of other estimators.

    >>> print(Efficiency(0.98, 0.93, 1.03, "the path derivative", {"the total derivative": 0.12}))
    efficiency 0.98 of the path derivative [0.93, 1.03]; the total derivative: 0.12
    >>> print(Efficiency(1.0, 1.0, 1.0, "the path derivative"))
    efficiency 1.00 of the path derivative
    """

    value: float
    low: float
    high: float
    reference: str
    others: Mapping[str, float] = {}

    def __str__(self) -> str:
        exact = self.high < 1.005 * self.low  # measured at the reference's own noise
        within = "" if exact else f" [{_short(self.low)}, {_short(self.high)}]"
        own = f"efficiency {_short(self.value)} of {self.reference}{within}"
        return "; ".join(
            [own, *(f"{name}: {_short(other)}" for name, other in self.others.items())]
        )


def _short(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= value < 10 else f"{value:.2g}"


def joined(parts: list[Draws]) -> Draws:
    """Replicates that came in several calls as one."""

    def along(kind: str) -> dict[str, np.ndarray]:
        return {
            name: np.concatenate([getattr(part, kind)[name] for part in parts])
            for name in getattr(parts[0], kind)
        }

    estimates = np.concatenate([part.estimates for part in parts])
    return Draws(estimates, along("references"), along("rivals"))


def measured(draws: Draws, weights: np.ndarray | None = None) -> Efficiency | None:
    """The efficiency of the estimates, all entries together; None without a reference, or where nothing varies.

    Args:
        weights: ``(R,)``, of rows that stand on the nodes of a quadrature rule; the efficiency is then exact.
    """
    if not draws.references:
        return None
    name, reference = next(iter(draws.references.items()))
    own, influence = _squares(draws.estimates, weights)
    unit, of_unit = _squares(reference, weights)
    if min(own, unit) <= TINY:
        return None
    error = float((of_unit - influence).std() / len(influence) ** 0.5) if weights is None else 0.0
    value = unit / own
    others = {
        other: unit / max(_squares(rows, weights)[0], TINY)
        for other, rows in {**draws.references, **draws.rivals}.items()
        if other != name
    }
    low, high = value * np.exp(-Z * error), value * np.exp(Z * error)
    return Efficiency(value, low, high, name, others)


def _squares(rows: np.ndarray, weights: np.ndarray | None) -> tuple[float, np.ndarray]:
    """The sum of the variances, and the influence of each row on its logarithm."""
    squares = ((rows - np.average(rows, 0, weights)) ** 2).sum(-1)
    total = float(np.average(squares, 0, weights))
    return total, squares / max(total, TINY) - 1


def outside(draws: Draws) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far each entry lies beyond the noisiest and below the quietest of the references.

    Returns:
        Two statistics, ``(P,)``: above one where the whole interval of the efficiency is below ``NOISY``, or above ``QUIET``. And the
        efficiency of each entry, of the noisiest.
    """
    own, influence = _entries(draws.estimates)
    noisy, quiet, value = [], [], []
    for rows in draws.references.values():
        variance, of_rows = _entries(rows)
        log = np.log(np.maximum(variance, TINY)) - np.log(np.maximum(own, TINY))
        error = Z * (of_rows - influence).std(0) / len(influence) ** 0.5
        exact = variance <= 1e-20 * np.maximum(own, TINY)
        noisy.append((-log - error) / -np.log(NOISY))
        quiet.append(np.where(exact, -np.inf, (log - error) / np.log(QUIET)))
        value.append(np.exp(log))
    return np.min(noisy, 0), np.min(quiet, 0), np.max(value, 0)


def _entries(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    squares = (rows - rows.mean(0)) ** 2
    variance = squares.mean(0)
    return variance, squares / np.maximum(variance, TINY) - 1


def points(value: float) -> float:
    """The share of a part's points that an efficiency earns: all from 0.8 on, nothing at 0.1, and each halving costs a third.

    >>> [round(points(value), 2) for value in (1.0, 0.8, 0.4, 0.2, 0.1, 0.01)]
    [1.0, 1.0, 0.67, 0.33, 0.0, 0.0]
    """
    return float(np.clip(np.log(max(value, TINY) / NOTHING) / np.log(NOISY / NOTHING), 0.0, 1.0))
