r"""Sticking the landing as a loss for Pyro, whose own losses do not stick it for reparametrized guides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from pyro import poutine
from pyro.poutine.util import site_is_subsample
from torch import Tensor
from torch.utils import _pytree as pytree

from course_vi.freezing import ConstantLeaves, reachable

__all__ = ["stl_loss"]


def stl_loss(
    model: Callable[..., Any], guide: Callable[..., Any], *args: Any, **kwargs: Any
) -> Tensor:
    r"""The negative ELBO of one trace, differentiable; its gradient is the path derivative.

    The guide runs twice. The first run draws z, with a graph. The second is *replayed* on the same z, every parameter that it reads a
    constant, and only its density is used: so phi is constant in log q, while z is not, in any number of layers.

    Use it as ``SVI(model, guide, optimizer, loss=stl_loss)``. All randomness of the guide must be reparametrized. Where its parameters
    come from does not matter: ``pyro.param``, ``pyro.module``, a ``PyroModule``, a module or a tensor that it closes over.

    Raises:
        TypeError: a latent of the guide has no ``rsample``; for those Pyro's own loss drops the score term already.
        ValueError: a parameter can still be reached from the frozen density by a way that does not go through z: something was computed
            from it before the guide ran, or remembered from its first run.
    """
    guide_trace = poutine.trace(guide).get_trace(*args, **kwargs)
    latents: list[Tensor] = []
    for name in guide_trace.stochastic_nodes:
        site: Any = guide_trace.nodes[name]
        if not site_is_subsample(site) and not site["fn"].has_rsample:
            raise TypeError(
                f"the guide's latent {name!r} has no rsample; expected reparametrized latents only. Use pyro.infer.Trace_ELBO"
            )
        latents.append(site["value"])
    given = [part for part in pytree.tree_leaves((args, kwargs)) if isinstance(part, Tensor)]
    with ConstantLeaves(but=given):
        replayed = poutine.replay(guide, trace=guide_trace)
        frozen = torch.as_tensor(poutine.trace(replayed).get_trace(*args, **kwargs).log_prob_sum())
    if left := reachable(frozen, beyond=[*latents, *given]):
        raise ValueError(
            f"the guide's density still reaches {len(left)} parameters, the first of shape {tuple(left[0].shape)}; expected a guide "
            "that computes what it needs from its parameters each time it runs, with nothing cached"
        )
    model_trace = poutine.trace(poutine.replay(model, trace=guide_trace)).get_trace(*args, **kwargs)
    return torch.as_tensor(frozen - model_trace.log_prob_sum())
