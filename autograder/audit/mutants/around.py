"""A learner's function or class with something around it, which sees what goes in and out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = [
    "Call",
    "Kinds",
    "around",
    "bound",
    "everywhere",
    "kind_of",
    "methods",
    "over_tensors",
    "spied",
]

Call = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
Kinds = dict[tuple[str, str], set[str]]  # (method, argument) -> the kinds of what was passed for it


def around(learner: Any, method: str, call: Call) -> Any:
    """The same function, or class with this method, called through ``call``."""
    function = getattr(learner, method) if method else learner

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return call(function, args, kwargs)

    return (
        type(learner.__name__, (learner,), {method: wrapper, "__module__": learner.__module__})
        if method
        else wrapper
    )


def methods(learner: Any) -> list[str]:
    """The public methods of a class; of a function the empty name, which stands for itself."""
    if not inspect.isclass(learner):
        return [""]
    own = [vars(base) for base in learner.__mro__ if base.__module__ == learner.__module__]
    return list(
        dict.fromkeys(
            name
            for names in own
            for name, value in names.items()
            if inspect.isfunction(value) and name[0] != "_"
        )
    )


def everywhere(learner: Any, make: Callable[[], Call]) -> Any:
    """The answer with a fresh ``make()`` around itself, or around each of its public methods."""
    for method in methods(learner):
        learner = around(learner, method, make())
    return learner


def kind_of(value: Any) -> str:
    """What can be changed in an argument."""
    if isinstance(value, Tensor):
        return "tensor" if value.is_floating_point() else "object"
    if isinstance(value, bool):
        return "object"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    return "generator" if isinstance(value, torch.Generator) else "object"


def spied(learner: Any, seen: Kinds) -> Any:
    """The answer, noting in ``seen`` what it is called with."""

    def make(method: str) -> Call:
        def call(
            function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> Any:
            for name, value in bound(function, args, kwargs).arguments.items():
                if name != "self":
                    seen.setdefault((method, name), set()).add(kind_of(value))
            return function(*args, **kwargs)

        return call

    for method in methods(learner):
        learner = around(learner, method, make(method))
    return learner


def over_tensors(change: Callable[[Tensor], Tensor], value: Any) -> Any:
    """A nest of results with each float tensor changed, and each float like a tensor."""
    if isinstance(value, Tensor):
        return change(value) if value.is_floating_point() else value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(over_tensors(change, item) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(over_tensors(change, item) for item in value)
    if isinstance(value, dict):
        return {name: over_tensors(change, item) for name, item in value.items()}
    if isinstance(value, float):
        return change(torch.tensor(value, dtype=torch.float64)).item()
    return value


def bound(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> inspect.BoundArguments:
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound
