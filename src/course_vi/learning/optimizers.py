"""What a fit steps with: which parameters are learned, by which optimizer, and what it needs at each step."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["follow", "learned", "make_optimizer", "module_of", "needs_closure"]

FUSED_DEVICES = ("cpu", "cuda")


def module_of(estimator: Callable[..., Any]) -> nn.Module | None:
    """The estimator, if it is a module, or a ``functools.partial`` of one.

    >>> module_of(functools.partial(nn.Linear(1, 1), scale=2.0)), module_of(print)
    (Linear(in_features=1, out_features=1, bias=True), None)
    """
    while isinstance(estimator, functools.partial):
        estimator = estimator.func
    return estimator if isinstance(estimator, nn.Module) else None


def follow(module: nn.Module, like: Tensor) -> None:
    """Move an estimator where ``like`` is, and its parameters to that dtype. What it remembers keeps its own."""
    module.to(like.device)
    for parameter in module.parameters():
        parameter.data = parameter.data.to(like.dtype)


def learned(*modules: nn.Module | None) -> list[Tensor]:
    """The parameters that require a gradient, each once. A module with ``trains_itself`` keeps its own to itself."""
    return list(
        dict.fromkeys(
            parameter
            for module in modules
            if module is not None and not getattr(module, "trains_itself", False)
            for parameter in module.parameters()
            if parameter.requires_grad
        )
    )


def make_optimizer(
    make: Callable[[Iterable[Tensor]], torch.optim.Optimizer] | None,
    parameters: Sequence[Tensor],
    extra: Sequence[Tensor],
    learning_rate: float,
) -> torch.optim.Optimizer:
    """Adam, or what ``make`` makes of the parameters of p and q; those of the estimator in a group of their own, unless it took them.

    Raises:
        ValueError: there is nothing to learn.
    """
    if not parameters and not extra:
        raise ValueError(
            "p and q have no parameter that requires a gradient; expected at least one to learn"
        )
    if make is None:
        everything = [*parameters, *extra]
        fused = all(p.device.type in FUSED_DEVICES and p.is_floating_point() for p in everything)
        return torch.optim.Adam(everything, lr=learning_rate, fused=fused or None)
    optimizer = make(list(parameters))
    taken = {parameter for group in optimizer.param_groups for parameter in group["params"]}
    if missing := [parameter for parameter in extra if parameter not in taken]:
        optimizer.add_param_group({"params": missing})
    return optimizer


def needs_closure(optimizer: torch.optim.Optimizer) -> bool:
    """Whether ``step`` has to be given a function to evaluate, as that of LBFGS has.

    >>> weight = nn.Parameter(torch.zeros(1))
    >>> needs_closure(torch.optim.LBFGS([weight])), needs_closure(torch.optim.Adam([weight]))
    (True, False)
    """
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty
