"""Turning the crank: draw a minibatch, estimate a gradient, take a step."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import Estimator
from course_vi.gradients.path import reparametrized
from course_vi.learning.arguments import refuse_arguments
from course_vi.learning.early_stopping import EarlyStopping
from course_vi.learning.history import History, smoke_cap
from course_vi.learning.training import Fit
from course_vi.models.base import Model

__all__ = ["fit"]

Callback = Callable[[int, float], Any]


def fit(
    p: Model,
    q: Family,
    x: Any,
    estimator: Estimator = reparametrized,
    steps: int = 1000,
    num_samples: int = 1,
    bound: Bound = elbo,
    learning_rate: float = 1e-2,
    batch_size: int | None = None,
    seed: int = 0,
    device: str | torch.device | None = None,
    optimizer: Callable[[Iterable[Tensor]], torch.optim.Optimizer] | None = None,
    callback: Callback | Sequence[Callback] | None = None,
    progress: bool | None = None,
    *,
    schedule: Callable[[torch.optim.Optimizer], Any] | None = None,
    max_norm: float | None = None,
    average_from: int | None = None,
    early_stopping: EarlyStopping | None = None,
    precision: torch.dtype | None = None,
    check: bool = True,
) -> History:
    r"""Climb a bound in theta and phi by stochastic gradient ascent.

    .. math:: (\theta, \phi) \leftarrow (\theta, \phi) + \rho_t\, \hat g(\theta, \phi), \qquad \mathbb E\, \hat g = \nabla L

    Every parameter of p, of q and of an estimator that is a module (``Rebar``, ``LearnedBaseline``) is learned, if it requires a gradient;
    freeze one with ``requires_grad_(False)``. For single steps, or to save a fit and take it up again, see ``Fit``.

    Args:
        x: the data set, ``(N, Dx)``, or one datum ``(Dx,)``: a tensor or a NumPy array; or a ``DataLoader`` of minibatches. Images
            ``(N, 1, 28, 28)`` are flattened for a model that reads vectors.
        estimator: any of ``course_vi.gradients``, or your own with the same signature.
        steps: gradient steps; capped when ``COURSE_VI_SMOKE`` is set.
        batch_size: rows per step, drawn without replacement in each step; all of x by default. With global latents a minibatch
            needs a model that multiplies its likelihood by N/B, mostly one that was told ``num_data``.
        seed: of the one generator that draws minibatches and noise: same seed, same history, on the same device.
        device: where to compute; p and q are moved there. By default, where the parameters of q are. x and the estimator follow the
            device and the dtype of q's parameters.
        optimizer: makes an optimizer from parameters; Adam with ``learning_rate`` by default. One that needs a closure, such as
            ``torch.optim.LBFGS``, climbs the bound of one fixed noise, on all the data (which overfits that noise: give it many samples).
        callback: called as ``callback(step, bound)`` after each step; what it returns other than None is kept in ``records``. Or several.
            ``StopIteration`` raised in it ends the fit. See ``csv_log`` and ``tensorboard_log``.
        progress: show a progress bar; by default when a person is watching (a terminal or a notebook).
        schedule: makes a schedule from the optimizer, stepped after each step, such as
            ``lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 1000)``.
        max_norm: the gradient is shortened to this length where it is longer.
        average_from: the parameters kept at the end are the mean over the steps after this one (Polyak and Ruppert); at a constant
            learning rate it removes most of the noise that the last iterate carries.
        early_stopping: an ``EarlyStopping`` on held-out data; the parameters kept at the end are the best it saw.
        precision: ``torch.bfloat16`` computes the networks in half precision (autocast); the parameters keep theirs.
        check: ask p and q once, before the first step, whether they keep what they promise (``contracts.refuse_broken``; 2 to 5 ms for
            Gaussians, 10 to 30 ms for flows), and at the end whether q still does: where rounding has eaten log q, a warning says that
            the bound means nothing. False lets through a density that is random by intention, or wrong to see what comes of it.

    Returns:
        A ``History``; after ``KeyboardInterrupt`` that of the steps so far, with a warning.

    Raises:
        TypeError, ValueError: x that is no data, holds NaN or infinity, or lies outside the model's support; a minibatch of global
            latents whose likelihood is not scaled, or for a family with parameters for each row; options that exclude each other;
            a family whose frozen density is not frozen, or whose log q is not the density of its samples; an estimate that reads a
            tensor that requires a gradient and belongs to none of p, q and the estimator: it would not be learned.
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
    run = Fit(
        p,
        q,
        x,
        estimator,
        num_samples,
        bound,
        learning_rate,
        batch_size,
        seed,
        device,
        optimizer,
        schedule,
        max_norm,
        average_from,
        early_stopping,
        precision,
        check,
    )
    callbacks = [] if callback is None else [callback] if callable(callback) else list(callback)
    for one in callbacks:
        refuse_arguments(p, q, callback=one)
    watched = (sys.stderr.isatty() or _in_notebook()) if progress is None else progress
    bar = tqdm(
        range(smoke_cap(steps)),
        desc=getattr(estimator, "__name__", "fit"),
        disable=not watched,
        mininterval=0.3,
        delay=1.0,
    )
    try:
        for step in bar:
            value = run.step()
            if watched and step % 50 == 0:
                bar.set_postfix(bound=f"{value:.2f}")
            if not all([run.record(one, value) for one in callbacks]) or run.stopped:
                break
    except KeyboardInterrupt:
        warnings.warn(
            f"interrupted after {run.steps} of {steps} steps: the history ends there", stacklevel=2
        )
    finally:
        bar.close()
    run.finish()
    return run.history


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"
