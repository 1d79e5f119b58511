"""Running a learner's model at given values of its sites; and what the other drivers of the unit share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pyro
import torch
from pyro import poutine
from torch import Tensor

from autograder.protocol.problems import driver

__all__ = ["doubles", "log_probs", "named"]


@contextlib.contextmanager
def doubles() -> Iterator[None]:
    """Inside, numbers that a program writes down are doubles, as in the notebook."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def named(trace: Any, sites: list[str]) -> None:
    """Refuse a program whose random sites are others than asked."""
    kept = [
        name
        for name, site in trace.nodes.items()
        if site["type"] == "sample" and type(site["fn"]).__name__ != "_Subsample"
    ]
    if lost := [name for name in sites if name not in kept]:
        raise LookupError(f"it has the sites {kept}, and none called {lost[0]!r}; expected {sites}")


def log_probs(trace: Any, sites: list[str]) -> dict[str, Any]:
    """The log-densities of sites, unscaled and unsummed, and the sum of all of them that the trace has."""
    named(trace, sites)
    trace.compute_log_prob()
    found = {name: trace.nodes[name]["unscaled_log_prob"] for name in sites}
    return {**found, "sum": torch.as_tensor(trace.log_prob_sum())}


@driver("hierarchy/at")
def hierarchy_at(
    model: Callable[..., Any],
    x: Tensor,
    groups: Tensor,
    total: int,
    values: dict[str, Tensor],
    y: Tensor | None = None,
) -> dict[str, Any]:
    """Log-densities of all sites of ``model(x, groups, total, y)`` at the values; without y, those of the y that it draws, and y."""
    with doubles():
        given = {name: torch.as_tensor(value) for name, value in values.items()}
        conditioned = poutine.condition(model, data=given)
        if y is None:
            trace = poutine.trace(conditioned).get_trace(x, groups, total)
        else:
            trace = poutine.trace(conditioned).get_trace(x, groups, total, y)
        found = log_probs(trace, [*values, "y"])
        site: Any = trace.nodes["y"]
        return {**found, "drawn": site["value"].detach(), "observed": bool(site["is_observed"])}


@driver("hierarchy/particles")
def hierarchy_particles(
    model: Callable[..., Any],
    x: Tensor,
    groups: Tensor,
    total: int,
    values: dict[str, Tensor],
    y: Tensor,
) -> dict[str, Any]:
    """The same of K particles at once: values have the batch axes ``(K, 1)`` or ``(K, J)``."""
    with doubles():
        given = {name: torch.as_tensor(value) for name, value in values.items()}
        particles = len(given["mu"])

        def many() -> None:
            with pyro.plate("particles", particles, dim=-2):
                model(x, groups, total, y)

        trace = poutine.trace(poutine.condition(many, data=given)).get_trace()
        return log_probs(trace, [*values, "y"])
