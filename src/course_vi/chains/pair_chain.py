r"""The chain of pairs: on a finite space, when two coupled chains meet and what an unbiased estimate costs, exactly.

The chain ahead is one step older: the pair at time t is :math:`(X_t, Y_{t-1})`, and the two meet at
:math:`\tau = \min\{t \ge 1 : X_t = Y_{t-1}\}`. Both start independently from one law, and :math:`X_1` is drawn from
:math:`P(X_0, \cdot)` alone. As long as they are apart, a pair moves by a matrix T: the kernel of pairs without those that have met.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.chains.couplings import maximal_table, probabilities

__all__ = [
    "Moments",
    "meeting_rate",
    "meeting_tail",
    "pair_kernel",
    "square",
    "stationary",
    "unbiased_moments",
]


class Moments(NamedTuple):
    """Of the unbiased estimate H_k, one number for each k, ``(len(burn_ins))``.

    Attributes:
        mean: the stationary mean of h, whatever k.
        variance: of H_k.
        cost: the mean number of transitions that are drawn.
    """

    mean: Tensor
    variance: Tensor
    cost: Tensor


def square(P: Tensor) -> int:
    """The number of states of a transition matrix; or a refusal."""
    validate.floats(P=P)
    if P.dim() != 2 or P.shape[0] != P.shape[1] or not len(P):
        raise ValueError(f"P has shape {tuple(P.shape)}; expected a transition matrix, (S, S)")
    probabilities(P=P)
    return len(P)


def stationary(P: Tensor) -> Tensor:
    r"""The law :math:`\pi` with :math:`\pi P = \pi`.

    Args:
        P: a transition matrix, ``(S, S)``, under which there is only one.

    Raises:
        ValueError: there are several, since the chain falls into parts.

    >>> stationary(torch.tensor([[0.9, 0.1], [0.3, 0.7]]))
    tensor([0.7500, 0.2500])
    """
    count = square(P)
    eye = torch.eye(count, dtype=P.dtype, device=P.device)
    system = torch.cat([(P - eye).T, torch.ones_like(P[:1])])
    if int(torch.linalg.matrix_rank(system)) < count:
        raise ValueError("P has several stationary laws; expected a chain that hangs together")
    wanted = torch.zeros(count + 1, 1, dtype=P.dtype, device=P.device)
    wanted[-1] = 1
    return torch.linalg.lstsq(system, wanted).solution[:, 0].clamp_min(0.0)


def pair_kernel(P: Tensor, coupling: Callable[[Tensor, Tensor], Tensor] = maximal_table) -> Tensor:
    """Two chains with one transition matrix, whose rows are coupled.

    Args:
        P: ``(S, S)``.
        coupling: of two laws ``(*B, S)`` each, as a table ``(*B, S, S)``.

    Returns:
        ``(S, S, S, S)``: ``[x, y, a, b]`` is the chance to go from (x, y) to (a, b).

    >>> P = torch.tensor([[0.9, 0.1], [0.3, 0.7]])
    >>> torch.allclose(pair_kernel(P)[0, 1], torch.tensor([[0.3, 0.6], [0.0, 0.1]]))
    True
    """
    count = square(P)
    wide = (count, count, count)
    return coupling(P.unsqueeze(1).expand(wide), P.unsqueeze(0).expand(wide))


def _apart(P: Tensor, kernel: Tensor | None) -> tuple[Tensor, Tensor]:
    """T, ``(S^2, S^2)``, among all pairs, with zeros for those that have met; and which have not, ``(S^2)``."""
    count = square(P)
    kernel = pair_kernel(P) if kernel is None else kernel
    if kernel.shape != (count,) * 4:
        raise ValueError(f"kernel has shape {tuple(kernel.shape)}; expected {(count,) * 4}")
    probabilities(kernel=kernel.reshape(count, count, -1))
    apart = 1 - torch.eye(count, dtype=P.dtype, device=P.device).flatten()
    return kernel.reshape(count**2, count**2) * apart * apart.unsqueeze(1), apart


def _first_pair(P: Tensor, start: Tensor) -> Tensor:
    """The law of (X_1, Y_0), ``(S^2)``."""
    if start.shape != P.shape[:1]:
        raise ValueError(
            f"start has shape {tuple(start.shape)}; expected probabilities, {tuple(P.shape[:1])}"
        )
    probabilities(start=start)
    return torch.outer(start @ P, start).flatten()


def meeting_tail(P: Tensor, start: Tensor, steps: int, kernel: Tensor | None = None) -> Tensor:
    r"""How likely two coupled chains with lag one have not met: :math:`P(\tau > t)` for t = 0, ..., steps.

    .. math:: P(\tau > 0) = 1, \qquad P(\tau > t) = \mu_1^\top T^{t-1} \mathbf 1,

    :math:`\mu_1` being the law of :math:`(X_1, Y_0)` on pairs that are apart.

    Args:
        P: ``(S, S)``.
        start: the law of X_0, and of Y_0, independent of it, ``(S)``.
        steps: the last t.
        kernel: of pairs, ``(S, S, S, S)``; the maximal coupling of rows by default.

    Returns:
        ``(steps + 1)``.

    >>> P = torch.tensor([[0.9, 0.1], [0.3, 0.7]])
    >>> meeting_tail(P, torch.tensor([1.0, 0.0]), 3)   # falls by |1 - 0.1 - 0.3| a step
    tensor([1.0000, 0.1000, 0.0600, 0.0360])
    """
    validate.positive_integer("steps", steps)
    moves, apart = _apart(P, kernel)
    law = _first_pair(P, start) * apart
    tail = [torch.ones_like(law[0])]
    for _ in range(steps):
        tail.append(law.sum())
        law = law @ moves
    return torch.stack(tail)


def meeting_rate(P: Tensor, kernel: Tensor | None = None) -> Tensor:
    r"""By which factor :math:`P(\tau > t)` falls a step, in the long run: the largest eigenvalue of T, in modulus.

    Args:
        P, kernel: as for ``meeting_tail``.

    >>> meeting_rate(torch.tensor([[0.9, 0.1], [0.3, 0.7]], dtype=torch.float64))
    tensor(0.6000, dtype=torch.float64)
    """
    return torch.linalg.eigvals(_apart(P, kernel)[0]).abs().max()


def unbiased_moments(
    P: Tensor, start: Tensor, h: Tensor, burn_ins: Sequence[int], kernel: Tensor | None = None
) -> Moments:
    r"""Mean, variance and cost of the unbiased estimate, exactly and for each burn-in k.

    .. math:: H_k = h(X_k) + \sum_{t=k+1}^{\tau - 1} \big(h(X_t) - h(Y_{t-1})\big)

    With d = h(x) - h(y) on pairs, the first two moments of all differences that are still to come from a pair solve
    :math:`M_1 = T(d + M_1)` and :math:`M_2 = T(d^2 + 2 d M_1 + M_2)`. The cost counts transitions: :math:`\max(\tau, k) + \tau - 1`.

    Args:
        P, start, kernel: as for ``meeting_tail``.
        h: ``(S)``, what is averaged.
        burn_ins: one k or more, none negative.

    Returns:
        ``Moments(mean, variance, cost)``.

    Raises:
        ValueError: chains that may never meet.

    Source: Jacob, O'Leary and Atchade, "Unbiased Markov chain Monte Carlo methods with couplings", JRSS B 2020, for H_k and its cost.

    >>> P = torch.tensor([[0.9, 0.1], [0.3, 0.7]], dtype=torch.float64)
    >>> found = unbiased_moments(P, torch.tensor([0.0, 1.0]).double(), torch.tensor([0.0, 1.0]).double(), [0, 5])
    >>> found.mean   # a quarter of the time in the second state
    tensor([0.2500, 0.2500], dtype=torch.float64)
    """
    count = square(P)
    validate.floats(h=h)
    if h.shape != (count,):
        raise ValueError(
            f"h has shape {tuple(h.shape)}; expected a value for each state, ({count},)"
        )
    if not burn_ins or min(burn_ins) < 0:
        raise ValueError(f"burn_ins is {burn_ins!r}; expected whole numbers, none negative")
    moves, apart = _apart(P, kernel)
    if float(torch.linalg.eigvals(moves).abs().max()) > 1 - 1e-12:
        raise ValueError(
            "the chains may never meet: the unmet pairs have a leading eigenvalue of one"
        )
    first = _first_pair(P, start)
    gap = (h.unsqueeze(1) - h).flatten()
    system = torch.eye(count**2, dtype=P.dtype, device=P.device) - moves
    one = torch.linalg.solve(system, moves @ gap)
    two = torch.linalg.solve(system, moves @ (gap**2 + 2 * gap * one))
    to_come, squared = gap + one, gap**2 + 2 * gap * one + two  # from a pair that counts itself
    left = apart * torch.linalg.solve(system, apart)  # mean number of times that a pair is apart

    # k = 0: X_0 is there before the first pair is, (X_1, Y_0) given X_0.
    ones, twos = ((apart * each).reshape(count, count) @ start for each in (to_come, squared))
    means = [start @ (h + P @ ones)]
    seconds = [start @ (h**2 + 2 * h * (P @ ones) + P @ twos)]
    # k > 0: the law of (X_k, Y_{k-1}), apart; X_k has the law start P^k, met or not.
    wide, law, single = h.unsqueeze(1).expand(count, count).flatten(), first * apart, start
    met_by = [torch.zeros_like(start[0])]  # the sum of P(tau <= t) up to t
    waiting = first * apart @ left
    for _ in range(max(burn_ins)):
        single = single @ P
        means.append(single @ h + law @ one)
        seconds.append(single @ h**2 + law @ (2 * wide * one + two))
        met_by.append(met_by[-1] + 1 - law.sum())
        law = law @ moves
    mean, second = torch.stack(means), torch.stack(seconds)
    earlier = torch.stack([met_by[0], *met_by[:-1]])  # E (k - tau)^+ for k = 0, 1, ...
    cost = 2 * (1 + waiting) - 1 + earlier
    chosen = torch.tensor(list(burn_ins), device=P.device)
    return Moments(mean[chosen], (second - mean**2)[chosen], cost[chosen])
