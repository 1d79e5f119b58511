"""What several exercises of unit 05 share: one-sample gradients in the logits of independent bits, and their exact variances."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Chances", "Factor", "Rewards", "as_sent", "chances", "rewards", "variances"]

Factor = tuple[tuple[int, ...], np.ndarray]  # the bits that it reads, in order, and its table


class Rewards(NamedTuple):
    """The parts of log w at given bits, ``(K, D)`` each: in column i what belongs to bit i, and what does not.

    Attributes:
        factors: the factors that read bit i, added up.
        own: log q_i.
        all_factors, all_q: the factors and the log q of all bits.
        child: the factors whose first bit is i: its own conditional, without those of its children.
        score: d log q_i / d logit_i.
    """

    factors: np.ndarray
    own: np.ndarray
    all_factors: np.ndarray
    all_q: np.ndarray
    child: np.ndarray
    score: np.ndarray

    @property
    def full(self) -> np.ndarray:
        return self.all_factors - self.all_q

    @property
    def kept(self) -> np.ndarray:
        """A: the factors that read bit i, less log q_i."""
        return self.factors - self.own


def rewards(logits: np.ndarray, factors: Sequence[Factor], z: np.ndarray) -> Rewards:
    """At bits z, ``(K, D)``."""
    states = z.astype(int)
    mine, child = np.zeros(z.shape), np.zeros(z.shape)
    total = np.zeros((len(z), 1))
    for scope, table in factors:
        value = table[tuple(states[:, bit] for bit in scope)]
        total[:, 0] += value
        for bit in set(scope):
            mine[:, bit] += value
        child[:, scope[0]] += value
    log_q = z * logits - np.logaddexp(0.0, logits)
    p = 1 / (1 + np.exp(-logits))
    ones = np.ones(z.shape)
    return Rewards(mine, log_q, total * ones, log_q.sum(-1, keepdims=True) * ones, child, z - p)


class Chances(NamedTuple):
    """All states of D bits, ``(2^D, D)``, and their probabilities."""

    states: np.ndarray
    weights: np.ndarray


def chances(logits: np.ndarray) -> Chances:
    states = np.array(list(itertools.product((0.0, 1.0), repeat=len(logits))))
    log_q = (states * logits - np.logaddexp(0.0, logits)).sum(-1)
    return Chances(states, np.exp(log_q))


def variances(logits: np.ndarray, factors: Sequence[Factor]) -> dict[str, np.ndarray]:
    """Exact moments of one-sample gradients, ``(D)`` each: of all the reward, of what is kept, and of what is dropped, R."""
    states, weights = chances(logits)
    parts = rewards(logits, factors, states)
    full, kept, s = parts.full, parts.kept, parts.score
    dropped = full - kept

    def mean(g: np.ndarray) -> np.ndarray:
        value: np.ndarray = weights @ g
        return value

    def var(g: np.ndarray) -> np.ndarray:
        return mean(g**2) - mean(g) ** 2

    return {
        "mean": mean(s * kept),
        "full": var(s * full),
        "kept": var(s * kept),
        "alone": mean(s**2) * mean(dropped**2),
        "rest": 2 * mean(s**2 * kept * dropped),
        "dropped_var": mean(s**2) * (mean(dropped**2) - mean(dropped) ** 2),
        "dropped_square": mean(dropped**2),
        "apart": 2 * mean(s**2) * mean(kept) * mean(dropped),
        "unweighted": 2 * mean(kept * dropped),
        "full_square": mean((s * full) ** 2),
        "kept_square": mean((s * kept) ** 2),
    }


def as_sent(factors: Sequence[Factor]) -> list[list[object]]:
    """Factors as they travel to the learner's side."""
    return [[list(scope), table] for scope, table in factors]
