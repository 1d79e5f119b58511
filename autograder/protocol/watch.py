"""A learner's function or class, watched: what is handed to it must come back as it was, and so must the global stream's seed."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["ArgumentChanged", "GlobalStreamSeeded", "same", "watched"]


class ArgumentChanged(ValueError):
    """The learner's code worked in place on what it was given."""


class GlobalStreamSeeded(ValueError):
    """The learner's code was given a generator or a seed, and seeded the stream that everybody draws from."""


def watched(learner: Any, modules: bool = True, given: list[bool] | None = None) -> Any:
    """The learner's object; a call from outside raises ``ArgumentChanged`` if it changes what it is given.

    Tensors, arrays, and lists, dicts and sets of them are compared, and whether a tensor asks for its gradient; random generators are
    meant to move on. Of a class the public methods of its objects are watched. What the learner's methods do among themselves is
    nobody's business.

    A call that is given a generator, or an argument ``seed``, may use torch's global stream (a new ``nn.Linear`` does) but not seed it
    and leave it so: that raises ``GlobalStreamSeeded``.

    Args:
        modules: whether parameters of modules must stay, too; not where the learner is asked to train.
        given: is told of each call from outside whether it was given a generator or a seed.
    """
    given = [] if given is None else given
    if not callable(learner):
        return learner
    if not isinstance(learner, type):
        return _watch(learner, modules, [], given)

    @functools.wraps(learner, updated=())
    def make(*args: Any, **kwargs: Any) -> Any:
        inside: list[bool] = []
        made = _watch(learner, modules, inside, given)(*args, **kwargs)
        for name in _public_methods(type(made)):
            try:
                setattr(made, name, _watch(getattr(made, name), modules, inside, given))
            except (AttributeError, TypeError):  # an object that takes no new attributes
                continue
        return made

    return make


def _public_methods(kind: type) -> list[str]:
    own = [
        base
        for base in kind.__mro__
        if base is not object and not base.__module__.startswith("torch")
    ]
    return list(
        dict.fromkeys(
            name
            for base in own
            for name, value in vars(base).items()
            if not name.startswith("_")
            and isinstance(value, (FunctionType, staticmethod, classmethod))
        )
    )


def _watch(
    function: Callable[..., Any], modules: bool, inside: list[bool], given: list[bool]
) -> Callable[..., Any]:
    """``inside`` is not empty while a watched call of the same object is running."""
    names = _names(function)

    def call(*args: Any, **kwargs: Any) -> Any:
        if inside:
            return function(*args, **kwargs)
        given.append(
            any(isinstance(value, torch.Generator) for value in (*args, *kwargs.values()))
            or "seed" in (*names[: len(args)], *kwargs)
        )
        before, seed = (
            _snapshot([list(args), kwargs], modules),
            torch.default_generator.initial_seed(),
        )
        inside.append(True)
        try:
            value = function(*args, **kwargs)
        finally:
            inside.pop()
        if not _unchanged(before, [list(args), kwargs]):
            raise ArgumentChanged(f"{_changed(names, before, args, kwargs)} came back changed")
        if given[-1] and torch.default_generator.initial_seed() != seed:
            raise GlobalStreamSeeded("torch's global stream of random numbers was seeded")
        return value

    return call


def _snapshot(value: Any, modules: bool) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return [_snapshot(item, modules) for item in value]
    if isinstance(value, dict):
        return {name: _snapshot(item, modules) for name, item in value.items()}
    if isinstance(value, set):
        return set(value)
    if modules and isinstance(value, nn.Module):
        return [parameter.clone() for parameter in _state(value)[0]], *_state(value)[1:]
    return None


def _state(module: nn.Module) -> tuple[list[Tensor], list[bool], list[bool], list[bool]]:
    """Its parameters, which of them learn, which hold a gradient, and which parts of it are in training mode."""
    learned = list(module.parameters())
    return (
        [parameter.detach() for parameter in learned],
        [parameter.requires_grad for parameter in learned],
        [parameter.grad is not None for parameter in learned],
        [part.training for part in module.modules()],
    )


def _unchanged(before: Any, now: Any) -> bool:
    if before is None:
        return True
    if isinstance(now, nn.Module):
        now = _state(now)
    if isinstance(before, Tensor):
        return (
            isinstance(now, Tensor)
            and before.shape == now.shape
            and before.dtype == now.dtype
            and before.requires_grad == now.requires_grad
            and _equal(before.detach(), now.detach())
        )
    if isinstance(before, np.ndarray):
        return (
            before.shape == now.shape
            and before.dtype == now.dtype
            and _equal(*map(torch.from_numpy, (before, now)))
        )
    if isinstance(before, (list, tuple)):
        return len(before) == len(now) and all(map(_unchanged, before, now))
    if isinstance(before, dict):
        return list(before) == list(now) and all(
            _unchanged(before[name], now[name]) for name in before
        )
    return bool(before == now)


def _equal(one: Tensor, other: Tensor) -> bool:
    return torch.equal(one, other) or (
        one.is_floating_point() and bool(((one == other) | (one.isnan() & other.isnan())).all())
    )


def _names(function: Callable[..., Any]) -> list[str]:
    """The names of its arguments, in order; none where Python cannot tell."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _changed(names: list[str], before: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The names of the arguments that changed."""
    names = names + [f"argument {place + 1}" for place in range(len(names), len(args))]
    found = [
        names[place]
        for place, (old, now) in enumerate(zip(before[0], args, strict=True))
        if not _unchanged(old, now)
    ]
    found += [name for name, old in before[1].items() if not _unchanged(old, kwargs[name])]
    return " and ".join(found) or "an argument"


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same numbers, up to the last digits that the order of a sum may change."""
    if isinstance(one, Tensor):
        one = one.detach().cpu().numpy()
    if isinstance(other, Tensor):
        other = other.detach().cpu().numpy()
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (np.ndarray, np.generic, float)) and isinstance(
        other, (np.ndarray, np.generic, float)
    ):
        one, other = np.asarray(one), np.asarray(other)
        if one.shape != other.shape:
            return False
        return bool(
            np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True)
            if one.dtype.kind in "fiub"
            else (one == other).all()
        )
    return bool(one == other)
