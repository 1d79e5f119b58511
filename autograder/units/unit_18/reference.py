"""What exercises of unit 18 share: couplings of finite laws in NumPy, chains to ask about, how numbers are judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import judged_rows

__all__ = [
    "RTOL",
    "common",
    "draw_chain",
    "draw_law",
    "judged",
    "maximal",
    "pairs",
    "second_eigenvalue",
    "stationary",
    "variation",
]

RTOL = 1e-8
Given = TypeVar("Given", bound=tuple[Any, ...])


def variation(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The total variation between two laws, ``(*B)``."""
    value: np.ndarray = 0.5 * np.abs(p - q).sum(-1)
    return value


def maximal(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The maximal coupling of two laws, with what is left over independent: ``(*B, C, C)``."""
    both = np.minimum(p, q)
    first, second = p - both, q - both
    left = 0.5 * (first.sum(-1) + second.sum(-1))
    left = np.where(left > 0, left, 1.0)[..., None, None]
    table: np.ndarray = (
        both[..., None] * np.eye(p.shape[-1]) + first[..., None] * second[..., None, :] / left
    )
    return table


def common(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Both laws by inverse distribution function of one uniform: ``(*B, C, C)``."""
    ends_p, ends_q = np.cumsum(p, -1), np.cumsum(q, -1)
    upper = np.minimum(ends_p[..., None], ends_q[..., None, :])
    lower = np.maximum((ends_p - p)[..., None], (ends_q - q)[..., None, :])
    table: np.ndarray = np.maximum(upper - lower, 0.0)
    return table


def pairs(
    moves: np.ndarray, coupling: Callable[[np.ndarray, np.ndarray], np.ndarray] = maximal
) -> np.ndarray:
    """The kernel of pairs, ``(S, S, S, S)``, of a transition matrix whose rows are coupled."""
    wide = (len(moves),) * 3
    return coupling(
        np.broadcast_to(moves[:, None], wide).copy(), np.broadcast_to(moves[None], wide).copy()
    )


def stationary(moves: np.ndarray) -> np.ndarray:
    """The law that a transition matrix leaves as it is."""
    size = len(moves)
    system = np.concatenate([(moves - np.eye(size)).T, np.ones((1, size))])
    wanted = np.concatenate([np.zeros(size), np.ones(1)])
    found: np.ndarray = np.linalg.lstsq(system, wanted, rcond=None)[0]
    return found


def second_eigenvalue(moves: np.ndarray) -> float:
    """The second largest modulus among the eigenvalues of a transition matrix."""
    return float(np.sort(np.abs(np.linalg.eigvals(moves)))[-2])


def draw_law(rng: np.random.Generator, size: int, spread: float = 1.0) -> np.ndarray:
    """Positive probabilities, unequal ones."""
    logits = spread * rng.normal(size=size)
    found: np.ndarray = np.exp(logits - logits.max())
    return found / found.sum()


def draw_chain(
    rng: np.random.Generator, size: int, spread: float = 1.2, stay: float = 0.0
) -> np.ndarray:
    """A transition matrix with positive entries; ``stay`` is added to the chance to stay."""
    rows = np.stack([draw_law(rng, size, spread) for _ in range(size)])
    found: np.ndarray = (1 - stay) * rows + stay * np.eye(size)
    return found / found.sum(1, keepdims=True)


def judged(
    probe: Probe,
    cases: Sequence[Given],
    rows: Sequence[int],
    right: Callable[[Given], Sequence[Any]],
    names: str,
    mistakes: Callable[[Given, int], Sequence[Mistake]],
    said: Sequence[str],
    place: Callable[[Given], str],
    rtol: float = RTOL,
) -> Finding:
    """Some of the tensors that each case gives, until one is wrong.

    Args:
        names: of all the tensors, as ``unpack`` has them.
        said: what each tensor is, in words; ``place`` says where it was asked.
    """
    for given in cases:
        where = place(given)

        def what(row: int, where: str = where) -> str:
            return f"{said[row]}, {where}"

        reply = probe.value(*given)
        finding = judged_rows(reply, right(given), names, rows, mistakes, given, what, rtol)
        if not finding.ok:
            return finding
    return Finding(True)
