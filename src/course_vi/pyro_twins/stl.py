r"""Sticking the landing as a loss for Pyro, whose own losses do not stick it for reparametrized guides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from pyro import poutine
from pyro.poutine.messenger import Messenger
from pyro.poutine.util import site_is_subsample
from torch import Tensor

__all__ = ["stl_loss"]


class _FrozenParameters(Messenger):
    """Every ``pyro.param`` asked for inside is handed out detached."""

    def _pyro_post_param(self, message: Any) -> None:
        message["value"] = message["value"].detach()


def stl_loss(
    model: Callable[..., Any], guide: Callable[..., Any], *args: Any, **kwargs: Any
) -> Tensor:
    r"""The negative ELBO of one trace, differentiable; its gradient is the path derivative.

    The guide runs twice. The first run draws z, with a graph. The second is *replayed* on the same z, parameters detached,
    and only its density is used: so phi is constant in log q, while z is not, in any number of layers.

    Use it as ``SVI(model, guide, optimizer, loss=stl_loss)``. All randomness of the guide must be reparametrized, and all its
    parameters must come from ``pyro.param`` (or ``pyro.module``, or a ``PyroModule``): a tensor that the guide closes over is
    never seen by Pyro, and so is not frozen.

    Raises:
        TypeError: a latent of the guide has no ``rsample``; for those Pyro's own loss drops the score term already.
    """
    guide_trace = poutine.trace(guide).get_trace(*args, **kwargs)
    for name in guide_trace.stochastic_nodes:
        site: Any = guide_trace.nodes[name]
        if not site_is_subsample(site) and not site["fn"].has_rsample:
            raise TypeError(
                f"the guide's latent {name!r} has no rsample; expected reparametrized latents only. Use pyro.infer.Trace_ELBO"
            )
    with _FrozenParameters():
        frozen_trace = poutine.trace(poutine.replay(guide, trace=guide_trace)).get_trace(
            *args, **kwargs
        )
    model_trace = poutine.trace(poutine.replay(model, trace=guide_trace)).get_trace(*args, **kwargs)
    return torch.as_tensor(frozen_trace.log_prob_sum() - model_trace.log_prob_sum())
