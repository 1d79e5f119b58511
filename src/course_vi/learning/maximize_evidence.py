r"""Maximum likelihood where the evidence is exact: no bound, no noise, so a quasi-Newton method climbs it."""

from __future__ import annotations

import inspect
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from course_vi import validate
from course_vi.contracts import refuse_unowned
from course_vi.learning.batches import prepared
from course_vi.learning.history import smoke_cap
from course_vi.models.base import Model
from course_vi.nets import first_parameter

__all__ = ["Maximum", "maximize_evidence"]

LINE_SEARCH = 26  # evaluations in an iteration; by default LBFGS allows 1.25 for each, which leaves none to search with


class Maximum(NamedTuple):
    """Where the climb ended.

    Attributes:
        log_evidence: :math:`\\sum_n \\log p(x_n)` at the start of every iteration and at the end, ``(iterations + 1,)``.
        gradient_norm: the largest slope, in absolute value, at the end.
        converged: whether no slope times max(1, \\|parameter\\|) is above the ``tolerance`` times 1 + \\|log p\\|.
    """

    log_evidence: Tensor
    gradient_norm: float
    converged: bool


def maximize_evidence(
    p: Model,
    x: Any,
    steps: int = 200,
    tolerance: float = 1e-6,
    history_size: int = 20,
    **given: Any,
) -> Maximum:
    r"""Climb the exact log-evidence of all data in theta, by LBFGS with a line search.

    .. math:: \hat\theta = \arg\max_\theta \sum_n \log p_\theta(x_n)

    Every parameter of p that requires a gradient is learned. It finds *a* stationary point, uphill from where p stands: mixtures have many,
    and some densities have no highest one. Double precision is worth its price here (``p.double()``).

    Args:
        p: a model with ``log_evidence``.
        x: data: what ``p.log_evidence`` takes, as a tensor or a NumPy array.
        steps: iterations of LBFGS, at most.
        tolerance: of the largest slope, relative to 1 + \|log p\|, and to a parameter that is greater than 1: another unit of the
            data, of which parameters are in the hundreds, does not make the answer coarser.
        history_size: of LBFGS.
        given: what ``p.log_evidence`` takes besides x, such as ``seen``, the entries of x that are not missing (the others may be NaN).

    Returns:
        A ``Maximum``; ``converged`` says whether the slope is gone.

    Raises:
        NotImplementedError: the evidence of p has no closed form.
        TypeError: ``p.log_evidence`` does not take what is ``given``.
        ValueError: p has nothing to learn, or reads a tensor that requires a gradient and is no parameter of it; x holds NaN or infinity,
            or lies outside the support.
        FloatingPointError: the evidence is not finite where the climb starts.

    Source: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical Programming 1989.

    >>> from course_vi.models import ProbabilisticPCA
    >>> x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * torch.tensor([3.0, 1.0, 1.0])
    >>> p = ProbabilisticPCA(torch.ones(3, 1), torch.zeros(3), 1.0).double()
    >>> maximum = maximize_evidence(p, x)
    >>> maximum.converged, bool(maximum.log_evidence[-1] > maximum.log_evidence[0])
    (True, True)
    """
    validate.positive_integer("steps", steps)
    validate.positive_number("tolerance", tolerance)
    validate.instance("p", p, Model)
    like = first_parameter(p)
    theta: list[Tensor] = [parameter for parameter in p.parameters() if parameter.requires_grad]
    if like is None or not theta:
        raise ValueError(
            f"{type(p).__name__} has no parameter that requires a gradient; expected at least one to learn"
        )
    takes = inspect.signature(p.log_evidence).parameters
    if unknown := [name for name in given if name not in takes]:
        raise TypeError(
            f"{unknown[0]} is given; expected what {type(p).__name__}.log_evidence takes: {', '.join(takes)}"
        )
    x = prepared(x, p, like)
    if x.numel() == 0:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one row")
    if not given:  # what is given may excuse some entries; log_evidence looks at the others
        p.check(x)
    refuse_unowned("log p(x)", lambda: p.log_evidence(x, **given).sum(), p)

    def fresh() -> torch.optim.LBFGS:
        return torch.optim.LBFGS(
            theta,
            max_iter=1,
            max_eval=LINE_SEARCH,
            history_size=history_size,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )

    optimizer, restarted = fresh(), True
    values: list[Tensor] = []

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = -p.log_evidence(x, **given).sum()
        value.backward()
        return value.detach()

    def slope(relative: bool = False) -> float:
        with torch.no_grad():
            return max(
                float((t.grad.abs() * (t.abs().clamp(min=1.0) if relative else 1.0)).max())
                for t in theta
                if t.grad is not None
            )

    start = loss()
    if not math.isfinite(float(start)):
        raise FloatingPointError(
            f"log p(x) is {-float(start)} where the climb starts; expected a finite number. Start from other parameters"
        )
    values.append(-start)
    for _ in range(smoke_cap(steps)):
        before = [parameter.detach().clone() for parameter in theta]
        optimizer.step(loss)
        now = loss()
        gain = float(-now - values[-1])
        if not gain >= 0:  # or it is NaN
            with torch.no_grad():
                torch._foreach_copy_(theta, before)
            now = loss()
        values.append(-now)
        if slope(relative=True) <= tolerance * (1 + abs(float(now))):
            break
        if not gain > 1e-12 * (1 + abs(float(now))):
            if restarted:  # the gradient itself leads no higher, in this precision
                break
            optimizer, restarted = fresh(), True  # forget a model of the curvature that misleads
        else:
            restarted = False
    converged = slope(relative=True) <= tolerance * (1 + abs(float(values[-1])))
    return Maximum(torch.stack(values).double(), slope(), converged)
