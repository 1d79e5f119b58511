"""A loss of the learner's on programs with parameters: its value, its gradients, and the draws that the model was run on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from torch import Tensor, nn
from torch.distributions import constraints

from autograder.protocol.problems import driver
from autograder.units.unit_14.problems_hierarchy import doubles

__all__ = ["PROGRAMS", "encoder_of"]

Program = tuple[Callable[..., Any], Callable[..., Any]]


def _positive(name: str, value: Tensor) -> Tensor:
    return pyro.param(name, lambda: value.clone(), constraint=constraints.positive)


def flat(numbers: dict[str, Tensor]) -> Program:
    """z_n ~ N(theta, 1), y_n ~ N(z_n, 1); each row has a normal of its own in the guide."""

    def model(y: Tensor, rows: Tensor | None = None) -> None:
        theta = pyro.param("theta", lambda: numbers["theta"].clone())
        with pyro.plate("rows", len(y), subsample=rows):
            z = pyro.sample("z", dist.Normal(theta, 1.0))
            pyro.sample("y", dist.Normal(z, 1.0), obs=y if rows is None else y[rows])

    def guide(y: Tensor, rows: Tensor | None = None) -> None:
        loc = pyro.param("loc", lambda: numbers["loc"].clone())
        scale = _positive("scale", numbers["scale"])
        with pyro.plate("rows", len(y), subsample=rows):
            some = slice(None) if rows is None else rows
            pyro.sample("z", dist.Normal(loc[some], scale[some]))

    return model, guide


def shown(numbers: dict[str, Tensor]) -> Program:
    """The same, where the plate itself chooses two rows anew in each run."""

    def model(y: Tensor) -> None:
        theta = pyro.param("theta", lambda: numbers["theta"].clone())
        with pyro.plate("rows", len(y), subsample_size=2) as rows:
            z = pyro.sample("z", dist.Normal(theta, 1.0))
            pyro.sample("y", dist.Normal(z, 1.0), obs=y[rows])

    def guide(y: Tensor) -> None:
        loc = pyro.param("loc", lambda: numbers["loc"].clone())
        scale = _positive("scale", numbers["scale"])
        with pyro.plate("rows", len(y), subsample_size=2) as rows:
            pyro.sample("z", dist.Normal(loc[rows], scale[rows]))

    return model, guide


def deep(numbers: dict[str, Tensor]) -> Program:
    """a ~ N(0, 1), b_n ~ N(a, 1), y_n ~ N(b_n, 1); in the guide b_n ~ N(w_n a + c_n, t_n), after a."""

    def model(y: Tensor) -> None:
        a = pyro.sample("a", dist.Normal(0.0, 1.0))
        with pyro.plate("rows", len(y)):
            b = pyro.sample("b", dist.Normal(a, 1.0))
            pyro.sample("y", dist.Normal(b, 1.0), obs=y)

    def guide(y: Tensor) -> None:
        m, s = pyro.param("m", lambda: numbers["m"].clone()), _positive("s", numbers["s"])
        w, c = (pyro.param(name, numbers[name].clone()) for name in "wc")
        t = _positive("t", numbers["t"])
        a = pyro.sample("a", dist.Normal(m, s))
        with pyro.plate("rows", len(y)):
            pyro.sample("b", dist.Normal(w * a + c, t))

    return model, guide


def encoder_of(numbers: dict[str, Tensor]) -> nn.Linear:
    """From a row to mean and log scale."""
    layer = nn.Linear(1, 2).double()
    with torch.no_grad():
        layer.weight.copy_(numbers["weight"])
        layer.bias.copy_(numbers["bias"])
    return layer


def amortized(numbers: dict[str, Tensor]) -> Program:
    """z_n ~ N(0, 1), y_n ~ N(z_n, 1); a linear layer, ``pyro.module``, reads each row."""
    encoder = encoder_of(numbers)

    def model(y: Tensor) -> None:
        with pyro.plate("rows", len(y)):
            z = pyro.sample("z", dist.Normal(torch.zeros(len(y)), 1.0))
            pyro.sample("y", dist.Normal(z, 1.0), obs=y)

    def guide(y: Tensor) -> None:
        pyro.module("encoder", encoder)
        loc, log_scale = encoder(y.unsqueeze(-1)).unbind(-1)
        with pyro.plate("rows", len(y)):
            pyro.sample("z", dist.Normal(loc, log_scale.exp()))

    return model, guide


PROGRAMS = {"flat": flat, "shown": shown, "deep": deep, "amortized": amortized}


@driver("stl/run")
def stl_run(
    loss: Callable[..., Any],
    program: str,
    numbers: dict[str, Tensor],
    y: Tensor,
    rows: Tensor | None = None,
    runs: int = 2,
) -> dict[str, Any]:
    """The last of some values, its gradients in the parameters as Pyro stores them, and the draws of the latents."""
    with doubles():
        model, guide = PROGRAMS[program](
            {name: torch.as_tensor(value) for name, value in numbers.items()}
        )
        seen: dict[str, Tensor] = {}
        before: dict[str, Tensor] = {}

        def watched(*args: Any) -> None:
            with poutine.trace() as traced:
                model(*args)
            nodes: Any = traced.trace.nodes
            seen.update(
                {
                    name: site["value"].detach().clone()
                    for name, site in nodes.items()
                    if name in ("a", "b", "z") or (name == "rows" and program == "shown")
                }
            )

        args = (y,) if rows is None else (y, rows)
        for _ in range(runs):
            before = dict(seen)
            value = loss(watched, guide, *args)
        if not isinstance(value, Tensor):
            raise TypeError(f"it returned a {type(value).__name__}; expected a torch.Tensor")
        if value.shape != ():
            return {"value": value}
        if value.requires_grad:
            value.backward()
        parameters = dict(pyro.get_param_store().named_parameters())
        return {
            "value": value,
            "grad": {
                name: torch.zeros_like(each) if each.grad is None else each.grad
                for name, each in parameters.items()
            },
            "learns": all(each.requires_grad for each in parameters.values()),
            "draws": seen,
            "as_before": bool(seen)
            and all(torch.equal(before.get(name, one[None]), one) for name, one in seen.items()),
        }
