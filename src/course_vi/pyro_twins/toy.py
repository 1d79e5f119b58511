r"""The conjugate toy and its Gaussian guide in Pyro: the twins of ``ConjugateToy`` and ``MeanField(1)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from torch import Tensor

from course_vi.families import MeanField

__all__ = ["gradients", "toy_guide", "toy_model"]


def toy_model(x: Tensor) -> None:
    r""":math:`z_n \sim N(0, 1)`, :math:`x_n \mid z_n \sim N(z_n, 1)` for the rows of ``x: (N, 1)``."""
    values = x[..., 0]
    with pyro.plate("data", len(values)):
        z = pyro.sample("z", dist.Normal(torch.zeros_like(values), 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=values)


def toy_guide(q: MeanField, reparametrized: bool = True) -> Callable[[Tensor], None]:
    r"""A guide whose parameters ``loc`` and ``log_scale``, ``(N,)``, start at those of q, one pair for each row of x.

    Args:
        reparametrized: False takes ``rsample`` away from the same normal, so that Pyro falls back on the score function.
    """

    def guide(x: Tensor) -> None:
        loc = pyro.param("loc", lambda: q.loc.detach().expand(len(x), 1)[:, 0].clone())
        log_scale = pyro.param(
            "log_scale", lambda: q.log_scale.detach().expand(len(x), 1)[:, 0].clone()
        )
        with pyro.plate("data", len(x)):
            pyro.sample("z", dist.Normal(loc, log_scale.exp()).has_rsample_(reparametrized))

    return guide


def gradients(
    loss: Callable[..., Tensor], guide: Callable[[Tensor], None], x: Tensor, seed: int
) -> tuple[dict[str, Tensor], Tensor]:
    """One gradient of the *ELBO* per row of x (parameters are per row), ``{name: (N,)}``, and the z at which each was taken.

    Args:
        loss: ``(model, guide, x)`` to a differentiable loss: ``Trace_ELBO().differentiable_loss``, or ``stl_loss``.
        seed: of Pyro's, that is of torch's global, generator; its state outside is left as it was. The parameter store is cleared.
    """
    pyro.clear_param_store()
    traced: Any = poutine.trace(guide)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        loss(toy_model, traced, x).backward()
    found = {
        name: -torch.as_tensor(parameter.grad)
        for name, parameter in pyro.get_param_store().named_parameters()
    }
    return found, traced.trace.nodes["z"]["value"].detach()
