r"""One cell of the atlas: R estimates of the gradient in phi, beside the exact one.

The gradient is one long vector over all parameters of q. With g its exact value,

.. math:: \text{bias} = \lVert \bar g - g \rVert, \qquad \mathrm{se}^2 = \frac1R \sum_i v_i, \qquad
          v = \sum_i v_i, \qquad \mathrm{SNR} = \frac{\lVert g \rVert}{\sqrt v},

where :math:`v_i` is the variance of entry i of one estimate: se is the length that :math:`\bar g - g` would have if there were no bias.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache
from statistics import median
from typing import Any

import torch
from torch import Tensor

from course_vi.atlas.entries import BOUNDS, ENTRIES, PLAIN
from course_vi.atlas.exact_gradient import exact_gradient
from course_vi.atlas.exact_variance import exact_mean_and_variance
from course_vi.atlas.problems import PROBLEMS, Problem
from course_vi.diagnostics import gradient_samples, replicate
from course_vi.gradients.estimator import Estimator

__all__ = ["SAMPLES", "measure_cell", "measure_column"]

SAMPLES = (
    4  # K: the least that every estimator can use (DisARM wants pairs, the others two or more)
)
REPLICATES, LOOPED = 20_000, 2_000  # one by one where a family cannot be replicated
TIMED, ROUNDS, REPEATS = 256, 9, 3
NOTHING = 1e-10


def measure_cell(
    column: str, entry: str, bound: str, replicates: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """One row of the table: what came, or that the library refuses and why.

    Args:
        column, entry, bound: names of ``PROBLEMS``, ``ENTRIES`` and ``BOUNDS``.
        replicates: R; 20,000 by default, 2,000 where each takes a call of its own.

    >>> row = measure_cell("toy", "sticking_the_landing", "iwae")
    >>> row["status"], row["why"].split(";")[0]
    ('refused', 'bound is iwae with num_samples = 4')
    """
    problem = PROBLEMS[column].make()
    row: dict[str, Any] = {"column": column, "estimator": entry, "bound": bound}
    try:
        estimator = ENTRIES[entry].make(problem, BOUNDS[bound], SAMPLES, seed + 1)
        estimator(*problem[:3], SAMPLES, bound=BOUNDS[bound])
    except (TypeError, ValueError) as refusal:
        return row | {"status": "refused", "why": str(refusal)}
    count = replicates or (REPLICATES if problem.q.replicable else LOOPED)
    source = torch.Generator().manual_seed(seed)
    drawn = gradient_samples(
        estimator, *problem[:3], SAMPLES, count, bound=BOUNDS[bound], generator=source
    )
    exact = _exact(column, bound)
    each = torch.cat([drawn[name].flatten(1) for name in exact], 1)
    known = exact_mean_and_variance(problem, entry, estimator, BOUNDS[bound], SAMPLES, list(exact))
    values, model_gradients = count_evaluations(problem, estimator, bound)
    found = summary(each, torch.cat([value.flatten() for value in exact.values()]))
    row |= {"status": "measured", "replicates": count, "seed": seed} | found
    row |= {"values": values, "gradients": model_gradients}
    row["variance_times_cost"] = row["variance"] * (values + model_gradients)
    if known is not None:
        target = torch.cat([value.flatten() for value in exact.values()])
        row["exact_bias"] = float((known[0] - target).norm())
        row["exact_variance"] = float(known[1].sum())
    return row


@lru_cache(maxsize=4)
def _exact(column: str, bound: str) -> dict[str, Tensor]:
    """Once for all estimators of a column."""
    return exact_gradient(PROBLEMS[column].make(), bound, SAMPLES)


def summary(each: Tensor, exact: Tensor) -> dict[str, float]:
    """What R estimates ``(R, P)`` of a gradient ``(P,)`` say.

    >>> found = summary(torch.tensor([[1.0, 0.0], [3.0, 0.0]]), torch.tensor([1.0, 0.0]))
    >>> found["bias"], found["bias_se"], found["variance"], found["worst_z"]
    (1.0, 1.0, 2.0, 1.0)
    """
    mean, count = each.mean(0), len(each)
    spread = each.var(0)
    error, se = (mean - exact).abs(), (spread / count).sqrt()
    room = NOTHING * (1 + exact.abs())
    z = torch.where(error <= room, 0.0, error / se.clamp_min(1e-300))
    lengths = (each - mean).square().sum(1)
    variance = float(spread.sum())
    return {
        "entries": len(exact),
        "signal": float(exact.norm()),
        "bias": float(error.norm()),
        "bias_se": float(se.square().sum().sqrt()),
        "worst_z": float(z.max()),
        "variance": variance,
        "variance_se": float(lengths.std()) / math.sqrt(count),
        "snr": float(exact.norm()) / math.sqrt(variance) if variance > 0 else math.inf,
    }


def count_evaluations(problem: Problem, estimator: Estimator, bound: str) -> tuple[int, int]:
    """Values of log p(x, z), and gradients of it in z, that one estimate asks the model for."""
    p, q, x, _ = problem
    asked, inside = [0, 0], [False]

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Tensor, z: Tensor) -> Any:
            if not inside[0]:
                number = math.prod(z.shape[:-1])
                asked[0] += number
                asked[1] += number * z.requires_grad
            before, inside[0] = inside[0], True
            try:
                return method(x, z)
            finally:
                inside[0] = before

        return call

    names = [name for name in ("log_joint", "log_factors", "local_factors") if hasattr(p, name)]
    for name in names:
        setattr(p, name, counted(getattr(p, name)))
    try:
        estimator(p, q, x, SAMPLES, bound=BOUNDS[bound])
    finally:
        for name in names:
            delattr(p, name)
    return asked[0], asked[1]


def measure_column(
    column: str, replicates: int | None = None, seed: int = 0, timed: bool = True
) -> list[dict[str, Any]]:
    """All cells of a column: and what an estimate costs in processor time, relative to the plain one on the ELBO, in turns."""
    rows = [
        measure_cell(column, entry, bound, replicates, seed)
        for bound in BOUNDS
        for entry in ENTRIES
    ]
    if timed:
        measured = [row for row in rows if row["status"] == "measured"]
        for row, ratio in zip(measured, _times(column, measured, seed), strict=True):
            row["relative_time"] = ratio
    return rows


def _times(column: str, rows: list[dict[str, Any]], seed: int) -> list[float]:
    """Medians over rounds of the time of a value and its backward pass, for 256 estimates at a time where the family can."""
    p, q, x, _ = problem = PROBLEMS[column].make()
    many = replicate(q, TIMED) if q.replicable else q
    rows_of_x = x.expand(TIMED, *x.shape) if p.local and q.replicable else x
    parameters = [parameter for parameter in many.parameters() if parameter.requires_grad]
    calls = []
    for row in rows:
        made = ENTRIES[row["estimator"]].make(problem, BOUNDS[row["bound"]], SAMPLES, seed + 1)
        calls.append((made, BOUNDS[row["bound"]]))
    seconds: list[list[float]] = [[] for _ in calls]
    source = torch.Generator().manual_seed(seed)
    for turn in range(ROUNDS + 1):
        for taken, (estimator, bound) in zip(seconds, calls, strict=True):
            began = time.process_time()
            for _ in range(REPEATS):
                value = estimator(p, many, rows_of_x, SAMPLES, bound=bound, generator=source)
                torch.autograd.grad(value.sum(), parameters, allow_unused=True)
            if turn:  # the first is a warm-up
                taken.append(time.process_time() - began)
    plain = next(
        taken
        for taken, row in zip(seconds, rows, strict=True)
        if (row["estimator"], row["bound"]) == (PLAIN[PROBLEMS[column].path], "elbo")
    )
    return [median(a / b for a, b in zip(taken, plain, strict=True)) for taken in seconds]
