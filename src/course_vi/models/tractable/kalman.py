r"""The Kalman filter and smoother, as loops over the steps and as associative scans.

.. math:: z_t = A_t z_{t-1} + b_t + N(0, Q_t), \qquad x_t = C_t z_t + N(0, R_t), \qquad A_1 = 0

so that the first state is like the others: :math:`b_1, Q_1` are its mean and covariance. Vectors are columns: the ``n`` series that share
all matrices stand side by side, ``(T, *B, d, n)``, and one factorization serves them. An entry of x that was not seen has a row of zeros in
C, a one in R, and the value 0: it says nothing, and costs a constant.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from course_vi.distributions.associative_scan import associative_scan
from course_vi.models.tractable.small_matrices import (
    cholesky,
    divide,
    inverse,
    is_well_conditioned,
    refuse_singular,
    solve_lower,
    solve_upper,
    times,
)

__all__ = [
    "Moments",
    "Steps",
    "System",
    "backward_gains",
    "backward_moments",
    "filter_loop",
    "filter_scan",
    "has_scan",
]


class System(NamedTuple):
    """All matrices, step after step: ``transition``, ``noise (T, *B, d, d)``, ``shift (T, *B, d, n)``, ``emission (T, *B, p, d)``,
    ``emission_noise (T, *B, p, p)``; axes of B may be 1."""

    transition: Tensor
    shift: Tensor
    noise: Tensor
    emission: Tensor
    emission_noise: Tensor


class Steps(NamedTuple):
    """What a filter finds: ``loc (T, *B, d, n)``, ``covariance (T, *B, d, d)``, and of each prediction the ``surprise``, in standard
    deviations, ``(T, *B, p, n)``, and ``root``, the Cholesky factor of its covariance, ``(T, *B, p, p)``."""

    loc: Tensor
    covariance: Tensor
    surprise: Tensor
    root: Tensor


class Moments(NamedTuple):
    """Of the states given all data: ``loc (T, *B, d, n)``, ``covariance (T, *B, d, d)``, and ``cross``, Cov(z_t, z_{t+1})."""

    loc: Tensor
    covariance: Tensor
    cross: Tensor


def filter_loop(system: System, x: Tensor) -> Steps:
    """Predict, compare, correct, a step at a time; Joseph's form of the covariance. ``x: (T, *B, p, n)``."""
    loc, cov = torch.zeros_like(system.shift[0]), torch.zeros_like(system.noise[0])
    identity = torch.eye(cov.shape[-1], dtype=cov.dtype, device=cov.device)
    steps: list[tuple[Tensor, ...]] = []
    for a, b, q, c, r, datum in zip(*(part.unbind(0) for part in system), x.unbind(0), strict=True):
        loc, cov = a @ loc + b, a @ cov @ a.mT + q
        seen = c @ cov
        root, _ = torch.linalg.cholesky_ex(seen @ c.mT + r)
        gain = torch.cholesky_solve(seen, root).mT
        off = datum - c @ loc
        kept = identity - gain @ c
        loc, cov = loc + gain @ off, kept @ cov @ kept.mT + gain @ r @ gain.mT
        steps.append((loc, cov, off, root))
    loc, cov, off, root = (torch.stack(part) for part in zip(*steps, strict=True))
    refuse_singular("the covariance of a prediction", root)
    return Steps(loc, cov, solve_lower(root, off), root)


def has_scan(system: System) -> bool:
    """Does a step's own noise reach every measurement? Else p(x_t | z_{t-1}) has no density, and the scan has no element for it."""
    c = system.emission
    return is_well_conditioned(times(times(c, system.noise), c.mT) + system.emission_noise)


def filter_scan(system: System, x: Tensor) -> Steps:
    r"""The same in parallel: p(z_t | x_t, z_{t-1}) and p(x_t | z_{t-1}) of every step, joined by ``_join``.

    .. math:: p(z_t \mid x_t, z_{t-1}) = N(F_t z_{t-1} + f_t, P_t), \qquad p(x_t \mid z_{t-1}) \propto e^{h_t^\top z - z^\top J_t z / 2}

    Source: Sarkka and Garcia-Fernandez, "Temporal parallelization of Bayesian smoothers", IEEE TAC 2021.
    """
    a, b, q, c, r = system
    root = cholesky("the covariance of a prediction", times(times(c, q), c.mT) + r)
    gain = solve_upper(root, solve_lower(root, times(c, q))).mT
    before = solve_lower(root, times(c, a))  # what is seen of the state before
    off = x - times(c, b)
    identity = torch.eye(q.shape[-1], dtype=q.dtype, device=q.device)
    kept = identity - times(gain, c)
    elements = (
        times(kept, a),
        b + times(gain, off),
        times(times(kept, q), kept.mT) + times(times(gain, r), gain.mT),
        times(before.mT, solve_lower(root, off)),
        times(before.mT, before),
    )
    steps = [torch.broadcast_shapes(part.shape[:-2], a.shape[:-2]) for part in elements]
    whole = [
        part.expand(*batch, *part.shape[-2:]) for part, batch in zip(elements, steps, strict=True)
    ]
    _, loc, cov, _, _ = associative_scan(_join, tuple(whole))
    cov = (cov + cov.mT) / 2
    last_loc, last_cov = (torch.cat([torch.zeros_like(part[:1]), part[:-1]]) for part in (loc, cov))
    predicted = times(times(a, last_cov), a.mT) + q
    root = cholesky("the covariance of a prediction", times(times(c, predicted), c.mT) + r)
    off = x - times(c, times(a, last_loc) + b)
    return Steps(loc, cov, solve_lower(root, off), root)


def _join(first: tuple[Tensor, ...], second: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Two neighbouring stretches of a series as one."""
    f1, m1, p1, h1, j1 = first
    f2, m2, p2, h2, j2 = second
    both = times(p1, j2)
    size = both.shape[-1]
    middle = inverse(both + torch.eye(size, dtype=both.dtype, device=both.device))
    forward, back = times(f2, middle), times(f1.mT, middle.mT)
    return (
        times(forward, f1),
        times(forward, m1 + times(p1, h2)) + m2,
        times(times(forward, p1), f2.mT) + p2,
        times(back, h2 - times(j2, m1)) + h1,
        times(times(back, j2), f1) + j1,
    )


def backward_gains(system: System, found: Steps) -> tuple[Tensor, Tensor, Tensor]:
    r"""p(z_t | z_{t+1}, x_1..x_t) as a chain that runs backwards, :math:`z_t = c_t + J_t z_{t+1} + N(0, V_t)`.

    Returns:
        The shifts c ``(T, *B, d, n)``, the gains J ``(T - 1, *B, d, d)`` and the covariances V ``(T, *B, d, d)``; the last shift and
        covariance are the filter's.
    """
    a, q, b = system.transition[1:], system.noise[1:], system.shift[1:]
    before, loc = found.covariance[:-1], found.loc[:-1]
    moved = times(a, before)
    gain = divide(moved.mT, times(moved, a.mT) + q)
    kept = -times(gain, a)
    kept = kept + torch.eye(kept.shape[-1], dtype=kept.dtype, device=kept.device)
    rest = times(times(kept, before), kept.mT) + times(
        times(gain, q), gain.mT
    )  # Joseph's form again
    shift = times(kept, loc) - times(gain, b)
    return (
        torch.cat([shift, found.loc[-1:]]),
        gain,
        torch.cat([rest, found.covariance[-1:]]),
    )


def backward_moments(shift: Tensor, gain: Tensor, rest: Tensor) -> Moments:
    """Rauch, Tung and Striebel's smoother, from what ``backward_gains`` gives: the chain's moments by a scan from its end."""
    gains = torch.cat([gain, torch.zeros_like(rest[:1])])
    _, loc, cov = associative_scan(_link, (gains, shift, rest), reverse=True)
    cov = (cov + cov.mT) / 2
    return Moments(loc, cov, times(gain, cov[1:]))


def _link(first: tuple[Tensor, ...], second: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Two neighbouring stretches of a chain that runs backwards, as one."""
    g1, m1, v1 = first
    g2, m2, v2 = second
    return times(g1, g2), times(g1, m2) + m1, times(times(g1, v2), g1.mT) + v1
