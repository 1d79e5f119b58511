r"""Two chains that meet, and the sum that telescopes: an estimate of a stationary mean with no bias, after finitely many steps.

.. math:: H_{k:m} = \frac{1}{m - k + 1} \sum_{t=k}^m h(X_t)
          + \sum_{t=k+1}^{\tau - 1} \min\Big(1, \frac{t - k}{m - k + 1}\Big) \big(h(X_t) - h(Y_{t-1})\big)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.chains.couplings import probabilities
from course_vi.chains.pair_chain import pair_kernel, square

__all__ = ["Paths", "coupled_paths", "kernel_calls", "telescope", "unbiased_estimates"]


class Paths(NamedTuple):
    """R runs of two chains with lag one, all as long as the longest.

    Attributes:
        ahead: states X_0, ..., X_T, ``(T + 1, R)``.
        behind: states Y_0, ..., Y_{T-1}, ``(T, R)``.
        meeting: tau, the first t with X_t = Y_{t-1}, ``(R)``.
    """

    ahead: Tensor
    behind: Tensor
    meeting: Tensor


def _window(burn_in: int, last: int | None) -> tuple[int, int]:
    last = burn_in if last is None else last
    if not 0 <= burn_in <= last:
        raise ValueError(f"burn_in is {burn_in} and last is {last}; expected 0 <= burn_in <= last")
    return burn_in, last


def coupled_paths(
    P: Tensor,
    start: Tensor,
    runs: int,
    last: int = 0,
    kernel: Tensor | None = None,
    generator: torch.Generator | None = None,
    max_steps: int = 100_000,
) -> Paths:
    """Run R pairs of chains until each has met and t = ``last``.

    Args:
        P: a transition matrix, ``(S, S)``.
        start: the law of X_0, and of Y_0, independent of it, ``(S)``.
        runs: R.
        kernel: of pairs, ``(S, S, S, S)``; the maximal coupling of rows by default.

    Raises:
        RuntimeError: some have not met after ``max_steps``.

    >>> P = torch.tensor([[0.9, 0.1], [0.3, 0.7]])
    >>> paths = coupled_paths(P, torch.tensor([0.5, 0.5]), 1000, generator=torch.Generator().manual_seed(0))
    >>> len(paths.ahead) - len(paths.behind), bool((paths.ahead[-1] == paths.behind[-1]).all())
    (1, True)
    """
    count = square(P)
    validate.positive_integer("runs", runs)
    _window(0, last)
    kernel = pair_kernel(P) if kernel is None else kernel
    if kernel.shape != (count,) * 4 or start.shape != (count,):
        raise ValueError(
            f"kernel and start have shapes {tuple(kernel.shape)} and {tuple(start.shape)}; expected {(count,) * 4} and {(count,)}"
        )
    probabilities(start=start)
    flat = kernel.reshape(count**2, count**2)

    def choose(weights: Tensor) -> Tensor:
        return torch.multinomial(weights, 1, generator=generator)[:, 0]

    x, y = (choose(start.expand(runs, count)) for _ in range(2))
    ahead, behind = [x], [y]
    x = choose(P[x])
    meeting = torch.where(x == y, 1, 0)
    ahead.append(x)
    while len(behind) < last or bool((meeting == 0).any()):
        if len(behind) >= max_steps:
            raise RuntimeError(
                f"{int((meeting == 0).sum())} of {runs} pairs of chains have not met after max_steps = {max_steps}"
            )
        pair = choose(flat[x * count + y])
        x, y = pair // count, pair % count
        ahead.append(x)
        behind.append(y)
        meeting = torch.where((meeting == 0) & (x == y), len(behind), meeting)
    return Paths(torch.stack(ahead), torch.stack(behind), meeting)


def telescope(ahead: Tensor, behind: Tensor, burn_in: int = 0, last: int | None = None) -> Tensor:
    r"""H_{k:m} of one run, from what h gave along the two chains.

    Args:
        ahead: :math:`h(X_0), h(X_1), \dots`, ``(n, *E)``, up to the later of tau and m: n = max(tau, m) + 1.
        behind: :math:`h(Y_0), \dots, h(Y_{\tau-1})`, ``(tau, *E)``. Their number is tau; that values are equal tells nothing.
        burn_in, last: k and m; m = k by default.

    Returns:
        ``(*E)``. Unbiased for the stationary mean of h if X and Y have one law and stay together when they have met.

    Source: Glynn and Rhee, "Exact estimation for Markov chain equilibrium expectations", J. Appl. Probab. 2014; Jacob, O'Leary and
    Atchade, "Unbiased Markov chain Monte Carlo methods with couplings", JRSS B 2020.

    >>> ahead, behind = torch.tensor([5.0, 3.0, 4.0, 1.0]), torch.tensor([9.0, 2.0, 1.0])   # tau = 3
    >>> telescope(ahead, behind)   # 5 + (3 - 9) + (4 - 2)
    tensor(1.)
    """
    first, last = _window(burn_in, last)
    validate.floats(ahead=ahead, behind=behind)
    tau = len(behind)
    if not tau or len(ahead) != max(tau, last) + 1 or ahead.shape[1:] != behind.shape[1:]:
        raise ValueError(
            f"ahead and behind have shapes {tuple(ahead.shape)} and {tuple(behind.shape)}; "
            f"expected (max(tau, last) + 1, *E) and (tau, *E), with last = {last}"
        )
    width = last - first + 1
    value = ahead[first : last + 1].mean(0)
    for t in range(first + 1, tau):
        value = value + min(1.0, (t - first) / width) * (ahead[t] - behind[t - 1])
    return value


def unbiased_estimates(
    paths: Paths, h: Tensor, burn_in: int = 0, last: int | None = None
) -> Tensor:
    """H_{k:m} of each run of ``coupled_paths``.

    Args:
        h: its value in each state, ``(S, *E)``.
        burn_in, last: k and m; m = k by default. The paths must reach m.

    Returns:
        ``(R, *E)``.

    >>> P, start = torch.tensor([[0.9, 0.1], [0.3, 0.7]]), torch.tensor([0.0, 1.0])
    >>> paths = coupled_paths(P, start, 20_000, generator=torch.Generator().manual_seed(0))
    >>> bool(abs(unbiased_estimates(paths, torch.tensor([0.0, 1.0])).mean() - 0.25) < 0.05)
    True
    """
    first, last = _window(burn_in, last)
    validate.floats(h=h)
    reached = len(paths.behind)
    if reached < last:
        raise ValueError(f"paths end at t = {reached}; expected at least last = {last}")
    width = last - first + 1
    value = h[paths.ahead[first : last + 1]].mean(0)
    for t in range(first + 1, int(paths.meeting.max())):
        weight = min(1.0, (t - first) / width) * (paths.meeting > t).to(h)
        gap = h[paths.ahead[t]] - h[paths.behind[t - 1]]
        value = value + weight.reshape((-1,) + (1,) * (gap.dim() - 1)) * gap
    return value


def kernel_calls(meeting: Tensor, last: int = 0) -> Tensor:
    r"""How many transitions a run draws: :math:`\max(\tau, m) + \tau - 1`; after the meeting one chain is enough.

    Args:
        meeting: tau, whole numbers from one, any shape.
        last: m.

    >>> kernel_calls(torch.tensor([1, 4, 20]), last=10)
    tensor([10, 13, 39])
    """
    _window(0, last)
    return meeting.clamp_min(last) + meeting - 1
