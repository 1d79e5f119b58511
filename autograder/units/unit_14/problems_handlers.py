"""A model that is read by a handler of the learner's, at given values and at the handler's own draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from torch import Tensor

from autograder.protocol.problems import driver
from autograder.units.unit_14.problems_hierarchy import doubles

__all__ = ["SITES", "cascade"]

SITES = ("a", "r", "b", "v")


def cascade(
    x: Tensor, tilt: Tensor, slopes: Tensor, weight: float = 1.0, rows: Tensor | None = None
) -> Tensor:
    """Four latents, one after the other: a number, a positive number, a plate, a vector; and data, which hang on all of them.

    a ~ N(t_0, e^{t_1}); r ~ LogNormal(tanh a, 0.5); in a plate b_j ~ N(c_j a, r); v ~ N(mean of b + tilt, 1 + a^2), one event; in
    the plate of the data x_n ~ N(weight * sum of v, r).
    """
    a = pyro.sample("a", dist.Normal(tilt[0], tilt[1].exp()))
    r = pyro.sample("r", dist.LogNormal(a.tanh(), 0.5))
    with pyro.plate("groups", len(slopes)):
        b = pyro.sample("b", dist.Normal(slopes * a, r))
    v = pyro.sample("v", dist.Normal(b.mean() + tilt, (1 + a * a).expand(tilt.shape)).to_event(1))
    with pyro.plate("rows", len(x), subsample=rows):
        seen = x if rows is None else x[rows]
        pyro.sample("x", dist.Normal(weight * v.sum(), r), obs=seen)
    return v


def _updates(updates: Tensor, sizes: list[int]) -> dict[str, tuple[Tensor, ...]]:
    """From columns ``(4, total)`` to ``{site: (trust, loc, spread, scale)}``, for as many of the sites as there are sizes."""
    found = {}
    start = 0
    for name, size in zip(("a", "b", "v"), sizes, strict=True):
        if size:
            rows = updates[:, start : start + size]
            shape = (4,) if name == "a" else (4, size)
            found[name] = tuple(rows.reshape(shape).unbind(0))
        start += size
    return found


def _seen(trace: Any) -> dict[str, Any]:
    """Names of the random sites, their values and log-densities."""
    trace.compute_log_prob()
    sites = [name for name, site in trace.nodes.items() if site["type"] == "sample"]
    sites = [name for name in sites if name not in ("groups", "rows")]
    return {
        "names": ",".join(sorted(sites)),
        "value": {name: trace.nodes[name]["value"].detach() for name in sites},
        "log_q": {name: trace.nodes[name]["log_prob"].detach() for name in sites},
        "plates": ",".join(
            f"{name}:{'+'.join(frame.name for frame in trace.nodes[name]['cond_indep_stack'])}"
            for name in sorted(sites)
        ),
    }


@driver("convex/guide")
def convex_guide(
    handler: Callable[..., Any],
    x: Tensor,
    tilt: Tensor,
    slopes: Tensor,
    weight: float,
    updates: Tensor,
    sizes: list[int],
    values: dict[str, Tensor] | None = None,
    conditioned: dict[str, Tensor] | None = None,
) -> dict[str, Any]:
    """What the guide that the learner makes of ``cascade`` looks like: at given values, or at its own draws.

    Args:
        conditioned: sites of the model that are observed before it is handed over.
    """
    with doubles():
        model: Any = cascade
        if conditioned:
            known = {name: torch.as_tensor(value) for name, value in conditioned.items()}
            model = poutine.condition(cascade, data=known)
        guide: Any = handler(model, _updates(updates, sizes))
        if not callable(guide):
            raise TypeError(f"it returned a {type(guide).__name__}; expected a guide, a function")
        guide(x + 1, tilt - 0.3, -slopes, weight=weight)  # a run leaves nothing for the next
        if values:
            given = {name: torch.as_tensor(value) for name, value in values.items()}
            guide = poutine.condition(guide, data=given)
        return _seen(poutine.trace(guide).get_trace(x, tilt, slopes=slopes, weight=weight))
