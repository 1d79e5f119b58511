"""Guides of a learner beside the unit's own models: densities at given values, and what their own draws weigh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from torch import Tensor

from autograder.protocol.problems import driver
from autograder.units.unit_14.problems_hierarchy import doubles, log_probs, named

__all__ = ["schools"]


def schools(y: Tensor, sd: Tensor, tau: Tensor, m0: Tensor, s0: Tensor) -> None:
    """mu ~ N(m0, s0^2); theta_j ~ N(mu, tau^2); y_j ~ N(theta_j, sd_j^2)."""
    mu = pyro.sample("mu", dist.Normal(m0, s0))
    with pyro.plate("schools", len(y)):
        theta = pyro.sample("theta", dist.Normal(mu, tau))
        pyro.sample("y", dist.Normal(theta, sd), obs=y)


def _numbers(*values: Any) -> list[Tensor]:
    return [torch.as_tensor(value) for value in values]


@driver("guide/at")
def guide_at(
    guide: Callable[..., Any],
    y: Tensor,
    sd: Tensor,
    tau: Any,
    m0: Any,
    s0: Any,
    mu: Tensor,
    theta: Tensor,
) -> dict[str, Any]:
    """The guide's log-densities at given values: a row for each, ``mu: (K)``, ``theta: (K, J)``."""
    rows: list[dict[str, Any]] = []
    with doubles():
        for each, effects in zip(mu, theta, strict=True):
            given = {"mu": each, "theta": effects}
            conditioned = poutine.condition(guide, data=given)
            trace = poutine.trace(conditioned).get_trace(y, sd, *_numbers(tau, m0, s0))
            rows.append(log_probs(trace, ["mu", "theta"]))
    alike = all(row[name].shape == rows[0][name].shape for row in rows for name in row)
    return (
        {name: torch.stack([row[name] for row in rows]) for name in rows[0]} if alike else rows[0]
    )


@driver("guide/weights")
def guide_weights(
    guide: Callable[..., Any], y: Tensor, sd: Tensor, tau: Any, m0: Any, s0: Any, count: int
) -> dict[str, Any]:
    """log p(y, z) - log q(z) at draws of the guide, ``(count)``, and the draws."""
    weights, draws = [], []
    with doubles():
        args = y, sd, *_numbers(tau, m0, s0)
        for _ in range(count):
            trace: Any = poutine.trace(guide).get_trace(*args)
            named(trace, ["mu", "theta"])
            replayed = poutine.trace(poutine.replay(schools, trace=trace)).get_trace(*args)
            weights.append(torch.as_tensor(replayed.log_prob_sum() - trace.log_prob_sum()))
            drawn = [trace.nodes[name]["value"].reshape(-1) for name in ("mu", "theta")]
            draws.append(torch.cat(drawn))
    return {"weights": torch.stack(weights).detach(), "draws": torch.stack(draws).detach()}


@driver("subsampled/runs")
def subsampled_runs(
    make: Callable[..., Any],
    y: Tensor,
    size: int,
    loc: Any,
    scale: Any,
    local_loc: Tensor,
    local_scale: Tensor,
    count: int,
) -> dict[str, Any]:
    """Runs of the learner's guide, each with the learner's model replayed on it: log-densities, draws, and the rows that were seen."""
    runs: list[dict[str, Tensor]] = []
    with doubles():
        pair = make(y, size, *_numbers(loc, scale), local_loc, local_scale)
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(map(callable, pair)):
            raise TypeError(f"it returned a {type(pair).__name__}; expected a pair, (model, guide)")
        model, guide = pair
        for _ in range(count):
            guided = poutine.trace(guide).get_trace()
            named(guided, ["z", "h"])
            modelled = poutine.trace(poutine.replay(model, trace=guided)).get_trace()
            named(modelled, ["z", "h", "y"])
            found = {
                "model": torch.as_tensor(modelled.log_prob_sum()),
                "guide": torch.as_tensor(guided.log_prob_sum()),
                **{
                    name: torch.as_tensor(modelled.nodes[name]["value"]) for name in ("z", "h", "y")
                },
            }
            runs.append({name: value.detach().reshape(-1) for name, value in found.items()})
    if any(len(run["y"]) != size or len(run["h"]) != size for run in runs):
        sizes = sorted({(len(run["y"]), len(run["h"])) for run in runs})
        return {"sizes": [list(each) for each in sizes]}
    return {name: torch.stack([run[name] for run in runs]) for name in runs[0]}
