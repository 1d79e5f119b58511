"""What a twin is: a Pyro model that reads a course model's own parameters, and the names of its latents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from torch import Tensor

from course_vi.families import FullRank, MeanField
from course_vi.families.base import Family
from course_vi.models.base import Model

__all__ = ["Twin", "gaussian_guide", "log_joint", "normal", "output"]


class Twin(NamedTuple):
    """A course model in Pyro.

    Attributes:
        model: a Pyro model of the data ``x: (N, Dx)``. The parameters of the course model are its ``pyro.module``, not copies: gradients
            and optimizers reach the same tensors.
        sites: from z ``(*, D)`` to ``{site: value}``, whole numbers where the site is discrete.
        local: whether the latents lie inside the plate over the data.
    """

    model: Callable[[Tensor], Any]
    sites: Callable[[Tensor], dict[str, Tensor]]
    local: bool = True


def log_joint(twin: Twin, x: Tensor, z: Tensor) -> Tensor:
    """log p(x, z) as Pyro computes it, a number, summed over the data; z is ``(N, D)``, or ``(D,)`` for global latents."""
    trace = poutine.trace(poutine.condition(twin.model, data=twin.sites(z))).get_trace(x)
    return torch.as_tensor(trace.log_prob_sum())


def gaussian_guide(q: Family, twin: Twin) -> Callable[[Tensor], None]:
    """The guide with q's own parameters: one draw of the whole vector z, dealt out to the sites of the twin.

    The draw is an auxiliary site ``"z, all"`` and the sites follow from it (``Delta``), as in Pyro's own autoguides.

    Raises:
        TypeError: q is neither ``MeanField`` nor ``FullRank``.
    """
    if not isinstance(q, (MeanField, FullRank)):
        raise TypeError(f"q is a {type(q).__name__}; expected MeanField or FullRank")

    def density() -> Any:
        if isinstance(q, MeanField):
            return dist.Normal(q.loc, q.log_scale.exp()).to_event(1)
        return dist.MultivariateNormal(
            q.loc, scale_tril=q.lower.tril(-1) + torch.diag_embed(q.log_scale.exp())
        )

    def deal() -> None:
        z = pyro.sample("z, all", density(), infer={"is_auxiliary": True})
        for name, value in twin.sites(z).items():
            pyro.sample(name, dist.Delta(value, event_dim=value.dim() - int(twin.local)))

    def guide(x: Tensor) -> None:
        pyro.module("q", q)
        if twin.local:
            with pyro.plate("data", len(x)):
                deal()
        else:
            deal()

    return guide


def normal(loc: Tensor, log_scale: Tensor) -> Any:
    """Independent normals, the last axis their event."""
    return dist.Normal(loc, log_scale.exp()).to_event(1)


def output(p: Model, raw: Tensor) -> Any:
    """What the output of a decoder says about pixels: bits, or normals with scales from the network, learned or fixed."""
    kind: Any = p.output
    if type(kind).__name__ == "Bits":
        return dist.Bernoulli(logits=raw, validate_args=False).to_event(1)
    loc, log_scale = (
        raw.split(kind.dim, -1) if kind.scale == "network" else (raw, kind.log_scales(raw))
    )
    return dist.Normal(
        loc, kind.smallest + log_scale.exp() if kind.scale == "network" else log_scale.exp()
    ).to_event(1)
