"""Problems and drivers of unit 04: mixtures as a function of their parameters, in coordinates of any kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.protocol.problems import driver

__all__ = ["mixture_log_joint"]

LogJoint = Callable[[Tensor, Tensor], Tensor]


def mixture_log_joint(
    kind: str, clusters: int, plain: bool, turn: Tensor, known: Tensor
) -> LogJoint:
    """log p(x_n, c; theta), ``(N, C)``, as a function of theta ``(P)`` and x ``(N)``.

    ``v = turn @ theta`` holds C - 1 numbers for the weights, then those of the clusters: rates, or means and standard deviations. They
    are logarithms (weights over that of the last cluster; rates, deviations), or, where ``plain``, the weights and rates themselves.

    Args:
        kind: ``"poisson"``, ``"exponential"``, ``"normal"``; or ``"known"``, Poisson with the rates ``known``: only weights are learned.
    """

    def log_joint(theta: Tensor, x: Tensor) -> Tensor:
        v = turn @ theta
        shares, rest = v[: clusters - 1], v[clusters - 1 :]
        if plain:
            log_weights = torch.cat([shares, 1 - shares.sum(0, keepdim=True)]).log()
        else:
            log_weights = torch.cat([shares, torch.zeros_like(v[:1])]).log_softmax(0)
        at = x[:, None]
        if kind == "normal":
            loc, wide = rest[:clusters], rest[clusters:]
            log_scale = wide.log() if plain else wide
            white = (at - loc) * (-log_scale).exp()
            density = -0.5 * white.square() - log_scale - 0.5 * math.log(2 * math.pi)
        else:
            log_rate = known.log() if kind == "known" else rest.log() if plain else rest
            if kind == "exponential":
                density = log_rate - at * log_rate.exp()
            else:
                density = at * log_rate - log_rate.exp() - torch.lgamma(at + 1)
        return log_weights + density

    return log_joint


@driver("em_rate/mixture")
def em_rate_mixture(
    learner: Callable[..., Any],
    kind: str,
    clusters: int,
    plain: bool,
    turn: Tensor,
    known: Tensor,
    theta: Tensor,
    x: Tensor,
) -> Any:
    """The learner's answer for one mixture, its maximum and its data."""
    return learner(mixture_log_joint(kind, clusters, plain, turn, known), theta, x)


@driver("steps_to_go/mixture")
def steps_to_go_mixture(
    learner: Callable[..., Any],
    kind: str,
    clusters: int,
    plain: bool,
    turn: Tensor,
    known: Tensor,
    theta: Tensor,
    x: Tensor,
    start: Tensor,
) -> Any:
    """The same, with the place where EM stands."""
    return learner(mixture_log_joint(kind, clusters, plain, turn, known), theta, x, start)


@driver("natural_step/refused")
def natural_step_refused(
    learner: Callable[..., Any],
    loc: Tensor,
    log_scale: Tensor,
    slope_loc: Tensor,
    slope_log_scale: Tensor,
    rho: float,
) -> dict[str, Any]:
    """Whether a step is refused with ``ValueError``."""
    try:
        learner(loc, log_scale, slope_loc, slope_log_scale, rho)
    except ValueError:
        return {"refused": True}
    return {"refused": False}
