"""Turning the crank: draw a minibatch, estimate a gradient, take a step."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import Estimator
from course_vi.gradients.path import reparametrized
from course_vi.models.base import Model

__all__ = ["History", "fit", "smoke_cap"]

SMOKE_STEPS = 20


class History(NamedTuple):
    """What happened, step by step.

    Attributes:
        bound: the estimated bound, averaged over the batch (summed data for global latents), ``(steps,)``.
        seconds: wall-clock time since the start, ``(steps,)``.
        records: what ``callback`` returned, one entry for each step at which it returned something.
    """

    bound: Tensor
    seconds: Tensor
    records: list[Any]


def smoke_cap(steps: int) -> int:
    """The number of steps to run: all of them, but no more than a few when ``COURSE_VI_SMOKE`` is set (tests of notebooks)."""
    return (
        min(steps, SMOKE_STEPS) if os.environ.get("COURSE_VI_SMOKE", "") not in ("", "0") else steps
    )


def fit(
    p: Model,
    q: Family,
    x: Tensor,
    estimator: Estimator = reparametrized,
    steps: int = 1000,
    num_samples: int = 1,
    bound: Bound = elbo,
    learning_rate: float = 1e-2,
    batch_size: int | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    optimizer: Callable[[Iterable[Tensor]], torch.optim.Optimizer] | None = None,
    callback: Callable[[int, float], Any] | None = None,
    progress: bool | None = None,
) -> History:
    r"""Climb a bound in theta and phi by stochastic gradient ascent.

    .. math:: (\theta, \phi) \leftarrow (\theta, \phi) + \rho_t\, \hat g(\theta, \phi), \qquad \mathbb E\, \hat g = \nabla L

    Every parameter of p and q that requires a gradient is learned; freeze one with ``requires_grad_(False)``.

    Args:
        x: the data set, ``(N, Dx)``, or one datum ``(Dx,)``.
        estimator: any of ``course_vi.gradients``, or your own with the same signature.
        steps: gradient steps; capped when ``COURSE_VI_SMOKE`` is set.
        batch_size: rows per step, drawn without replacement in each step; all of x by default. With global latents a minibatch
            needs a model that was told ``num_data``, so that its likelihood is scaled.
        seed: of the one generator that draws minibatches and noise: same seed, same history, on the same device.
        device: where to compute; p and q are moved there. By default, where the parameters of q are. x follows the device and the
            dtype of q's parameters.
        optimizer: makes an optimizer from parameters; Adam with ``learning_rate`` by default.
        callback: called as ``callback(step, bound)`` after each step; what it returns other than None is kept in ``records``.
        progress: show a progress bar; by default when a person is watching (a terminal or a notebook).

    Returns:
        A ``History``.

    Raises:
        ValueError: x holds NaN or infinity; a minibatch of global latents without ``num_data``, or for a family with parameters
            for each row.
        FloatingPointError: the bound or its gradient stopped being finite; the message names the step. The parameters are those
            before it, finite still.

    >>> from course_vi.families import MeanField
    >>> from course_vi.gradients import sticking_the_landing
    >>> from course_vi.models import ConjugateToy
    >>> q = MeanField(1)
    >>> history = fit(ConjugateToy(), q, torch.tensor([2.0]), sticking_the_landing, steps=500, learning_rate=0.02, progress=False)
    >>> abs(q.loc.item() - 1.0) < 0.01, len(history.bound)
    (True, 500)
    """
    validate.positive_integer("steps", steps)
    validate.finite("x", x)
    if device is not None:
        p.to(device), q.to(device)
    place = next(q.parameters())
    x = x.to(place.device, place.dtype)
    rows = x.shape[0] if x.dim() > 1 else 1
    if x.numel() == 0:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one row")
    if batch_size is not None:
        validate.positive_integer("batch_size", batch_size)
        if q.batch_shape and batch_size < rows:
            raise ValueError(
                f"batch_size is {batch_size} of {rows} rows, and q carries a batch {tuple(q.batch_shape)}; expected all rows "
                "in each step, for parameters of their own, or an amortized family"
            )
        if not p.local and batch_size < rows and getattr(p, "num_data", None) != rows:
            raise ValueError(
                f"batch_size is {batch_size} of {rows} rows, and the latents of {type(p).__name__} are global; expected a "
                f"model made with num_data={rows}, so that the likelihood of a minibatch is scaled"
            )
    parameters = list(
        dict.fromkeys(
            parameter
            for module in (p, q)
            for parameter in module.parameters()
            if parameter.requires_grad
        )
    )
    optimizer_ = (
        torch.optim.Adam(parameters, lr=learning_rate)
        if optimizer is None
        else optimizer(parameters)
    )
    generator = torch.Generator(device=place.device).manual_seed(seed)
    steps = smoke_cap(steps)
    watched = (sys.stderr.isatty() or _in_notebook()) if progress is None else progress
    bar = tqdm(
        range(steps),
        desc=getattr(estimator, "__name__", "fit"),
        disable=not watched,
        mininterval=0.3,
        delay=1.0,
    )
    bounds, seconds, records = (
        torch.empty(steps, dtype=torch.float64),
        torch.empty(steps, dtype=torch.float64),
        [],
    )
    start = time.perf_counter()
    for step in bar:
        batch = x
        if batch_size is not None and batch_size < rows:
            batch = x[torch.randperm(rows, generator=generator, device=place.device)[:batch_size]]
        optimizer_.zero_grad()
        value = estimator(p, q, batch, num_samples, bound=bound, generator=generator).mean()
        if not torch.isfinite(value):
            raise FloatingPointError(
                f"the bound is {value.item()} at step {step}; expected a finite number. Try a smaller learning_rate "
                f"(it is {learning_rate:g}), or look at the scales of the data"
            )
        (-value).backward()
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if not torch.isfinite(torch.nn.utils.get_total_norm(gradients, norm_type=math.inf)):
            raise FloatingPointError(
                f"the gradient is not finite at step {step}, where the bound is {value.item():g}; expected a finite "
                "one. Look for the edge of a domain: a square root, a logarithm or a division at zero"
            )
        optimizer_.step()
        bounds[step], seconds[step] = value.item(), time.perf_counter() - start
        if watched and step % 50 == 0:
            bar.set_postfix(bound=f"{value.item():.2f}")
        if callback is not None and (record := callback(step, value.item())) is not None:
            records.append(record)
    return History(bounds, seconds, records)


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"
