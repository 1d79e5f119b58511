"""Mutants that leave the source alone and change what goes into an answer or comes out of it."""

from __future__ import annotations

import inspect
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from autograder.audit.mutants.around import (
    Call,
    Kinds,
    around,
    bound,
    kind_of,
    methods,
    over_tensors,
)

__all__ = ["Wrapper", "wrappers"]


class Wrapper(NamedTuple):
    """A change around an answer: ``wrap`` takes a learner's object and returns another."""

    operator: str
    what: str
    wrap: Callable[[Any], Any]


def wrappers(learner: Any, kinds: Kinds) -> Iterator[Wrapper]:
    """All wrappers of an answer that is called with arguments of these kinds."""
    for method in methods(learner):
        for label, change in RESULTS.items():
            yield _wrapper("result", label, method, _on_result(change))
        yield _wrapper("result", "a tuple of one", method, lambda f, a, k: (f(*a, **k),))
        yield _wrapper("result", "the first of several", method, lambda f, a, k: _first(f(*a, **k)))
        yield _wrapper("gradient", "no_grad", method, _without_gradient)
        yield _wrapper("reseed", "every generator starts anew", method, _reseeded)
        for label, change in GRADIENTS.items():
            yield _wrapper("gradient", label, method, _on_result(change))
    for (method, name), found in kinds.items():
        if not _takes(learner, method, name):
            continue
        for kind in sorted(found):
            for label, changed in ARGUMENTS[kind].items():
                yield _wrapper(
                    "argument", f"{name}: {label}", method, _on_argument(name, kind, changed)
                )
        yield Wrapper(
            "argument", _said(method, f"{name}: that of the first call"), _remembered(method, name)
        )
        if "tensor" in found:
            yield _wrapper("argument destroyed", name, method, _destroyed(name))


def _takes(learner: Any, method: str, name: str) -> bool:
    """Right answers may call an argument, or a helper among their methods, as they like."""
    if method not in methods(learner):
        return False
    return name in inspect.signature(getattr(learner, method) if method else learner).parameters


def _wrapper(operator: str, label: str, method: str, call: Call) -> Wrapper:
    return Wrapper(operator, _said(method, label), lambda learner: around(learner, method, call))


def _said(method: str, label: str) -> str:
    return f"{method}: {label}" if method else label


def _on_result(change: Callable[[Tensor], Tensor]) -> Call:
    return lambda function, args, kwargs: over_tensors(change, function(*args, **kwargs))


def _on_argument(name: str, kind: str, change: Callable[[Any], Any]) -> Call:
    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = bound(function, args, kwargs)
        if kind_of(given.arguments[name]) == kind:
            given.arguments[name] = change(given.arguments[name])
        return function(*given.args, **given.kwargs)

    return call


def _remembered(method: str, name: str) -> Callable[[Any], Any]:
    """An argument that is looked at once and never again."""

    def wrap(learner: Any) -> Any:
        kept: list[Any] = []

        def call(
            function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> Any:
            given = bound(function, args, kwargs)
            kept.append(given.arguments[name])
            given.arguments[name] = kept[0]
            return function(*given.args, **given.kwargs)

        return around(learner, method, call)

    return wrap


def _destroyed(name: str) -> Call:
    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result, value = function(*args, **kwargs), bound(function, args, kwargs).arguments[name]
        if kind_of(value) == "tensor":
            value.detach().mul_(2)
        return result

    return call


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, (tuple, list)) and value else value


def _without_gradient(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    with torch.no_grad():
        return function(*args, **kwargs)


def _reseeded(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    torch.manual_seed(0), np.random.seed(0), random.seed(0)
    for value in (*args, *kwargs.values()):
        if isinstance(value, torch.Generator):
            value.manual_seed(0)
    return function(*args, **kwargs)


def _gradient_of(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The right value, with the gradient of something else."""

    def changed(r: Tensor) -> Tensor:
        other = change(r)
        return r.detach() + (other - other.detach())

    return changed


RESULTS: dict[str, Callable[[Tensor], Tensor]] = {
    "negated": lambda r: -r,
    "doubled": lambda r: 2 * r,
    "halved": lambda r: r / 2,
    "absolute": lambda r: r.abs(),
    "not below 0": lambda r: r.clamp(min=0),
    "not above 0": lambda r: r.clamp(max=0),
    "between -1 and 1": lambda r: r.clamp(-1, 1),
    "over log 2": lambda r: r / 0.6931471805599453,
    "one more": lambda r: r + 1,
    "half log 2 pi more": lambda r: r + 0.9189385332046727,
    "first row to all": lambda r: r[:1].expand_as(r),
    "first column to all": lambda r: r[..., :1].expand_as(r),
    "mean of the batch": lambda r: r.mean(-1, keepdim=True).expand_as(r),
    "rows rolled": lambda r: r.roll(1, 0),
    "columns rolled": lambda r: r.roll(1, -1),
    "float32": lambda r: r.float().double(),
    "one axis more": lambda r: r.unsqueeze(-1),
    "summed": lambda r: r.sum(),
    "averaged": lambda r: r.mean(),
}
GRADIENTS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda r: r.detach(),
    "negated": _gradient_of(lambda r: -r),
    "doubled": _gradient_of(lambda r: 2 * r),
    "of the neighbour": _gradient_of(lambda r: r.roll(1, -1)),
    "of the mean": _gradient_of(lambda r: r.mean().expand_as(r)),
    "of the sum": _gradient_of(lambda r: r.sum().expand_as(r)),
    "of the first row": _gradient_of(lambda r: r[..., :1].expand_as(r)),
}
ARGUMENTS: dict[str, dict[str, Callable[[Any], Any]]] = defaultdict(dict)
ARGUMENTS["tensor"] = {
    "zeros": torch.zeros_like,
    "ones": torch.ones_like,
    "absolute": lambda a: a.abs(),
    "between -1 and 1": lambda a: a.clamp(-1, 1),
    "not below 0": lambda a: a.clamp(min=0),
    "not above 0": lambda a: a.clamp(max=0),
    "detached": lambda a: a.detach(),
    "first row for all": lambda a: a[:1].expand_as(a),
    "first column for all": lambda a: a[..., :1].expand_as(a),
    "rows rolled": lambda a: a.roll(1, 0),
    "first half of the rows": lambda a: a[: (len(a) + 1) // 2],
    "no leading axis": lambda a: a[0],
    "noise of its own": torch.randn_like,
    "rounded": lambda a: (a * 10).round() / 10,
}
ARGUMENTS["int"] = {
    "always 7": lambda a: 7,
    "one more": lambda a: a + 1,
    "one": lambda a: 1,
    "negated": lambda a: -a,
}
ARGUMENTS["float"] = {
    "always 0.7": lambda a: 0.7,
    "absolute": abs,
    "halved": lambda a: a / 2,
    "zero": lambda a: 0.0,
    "one": lambda a: 1.0,
}
ARGUMENTS["generator"] = {
    "always the same": lambda a: torch.Generator().manual_seed(0),
    "unseeded": lambda a: torch.default_generator,
}
