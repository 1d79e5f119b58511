"""Clear refusals: every error names the argument, what came, and what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

import torch
from torch import Tensor

__all__ = [
    "Unsaid",
    "bits",
    "device",
    "event_size",
    "finite",
    "floats",
    "indices",
    "instance",
    "one_of",
    "positive_integer",
    "positive_number",
    "same_generator",
    "same_place",
    "trusted",
    "trusts",
    "unit_interval",
]

_TRUSTED = ContextVar("trusted", default=False)


@contextmanager
def trusted() -> Iterator[None]:
    """Inside, estimators do not look for NaN in x again: whoever opens this has looked. Each look makes the host wait for the device."""
    token = _TRUSTED.set(True)
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def trusts() -> bool:
    """Whether the data have been looked at."""
    return _TRUSTED.get()


class Unsaid:
    """A size that a subclass has to say; asked for before, it is named."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: object, kind: type | None = None) -> int:
        if owner is None:
            return cast(int, self)
        raise NotImplementedError(
            f"{type(owner).__name__} has no {self.name}; expected a whole number: {self.name} = ... in the class, "
            f"or self.{self.name} = ... in its __init__"
        )


def instance(name: str, value: object, kind: type, hint: str = "") -> None:
    """Refuse what is no instance of a class; a class that was not called is named as one.

    >>> instance("q", int, float)
    Traceback (most recent call last):
    ...
    TypeError: q is the class int; expected a float
    """
    if not isinstance(value, kind):
        what = (
            f"the class {value.__name__}"
            if isinstance(value, type)
            else f"a {type(value).__name__}"
        )
        raise TypeError(f"{name} is {what}; expected a {kind.__name__}{hint}")


def floats(**values: Any) -> None:
    """Refuse what is no tensor of floating point numbers, by the names of the arguments.

    >>> floats(loc=torch.tensor([1, 2]))
    Traceback (most recent call last):
    ...
    TypeError: loc has dtype torch.int64; expected floating point numbers, such as 1.0
    """
    for name, value in values.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} is a {type(value).__name__}; expected a torch.Tensor")
        if not value.is_floating_point():
            raise TypeError(
                f"{name} has dtype {value.dtype}; expected floating point numbers, such as 1.0"
            )


def device(name: str, value: Any) -> None:
    """Refuse a device that there is not, here and now.

    Raises:
        ValueError: in torch's own words, after the name of the argument.
    """
    try:
        torch.empty(0, device=value)
    except (AssertionError, RuntimeError, TypeError) as error:
        raise ValueError(
            f"{name} is {value!r}; expected a device that is there, such as 'cpu' ({str(error).splitlines()[0]})"
        ) from error


def same_generator(generator: torch.Generator | None, where: torch.device) -> None:
    """Refuse what is no generator, or one on another device."""
    if generator is None:
        return
    instance("generator", generator, torch.Generator, ", such as torch.Generator().manual_seed(0)")
    if generator.device.type != where.type:
        raise ValueError(
            f"generator is on {generator.device} but the parameters of q are on {where}; expected torch.Generator({where.type!r})"
        )


def event_size(name: str, value: Tensor, size: int) -> None:
    """Refuse a tensor whose last axis does not have ``size`` entries.

    Raises:
        TypeError: ``value`` is no tensor.
        ValueError: its last axis has another size.

    >>> event_size("z", torch.zeros(5, 2), 3)
    Traceback (most recent call last):
    ...
    ValueError: z has shape (5, 2); expected its last axis to have 3 entries
    """
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} is a {type(value).__name__}; expected a torch.Tensor")
    if value.dim() == 0 or value.shape[-1] != size:
        entries = "1 entry" if size == 1 else f"{size} entries"
        raise ValueError(
            f"{name} has shape {tuple(value.shape)}; expected its last axis to have {entries}"
        )


def positive_integer(name: str, value: int) -> None:
    """Refuse what is not a whole number of at least one."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {value!r}; expected a whole number, 1 or more")
    if value < 1:
        raise ValueError(f"{name} is {value}; expected a whole number, 1 or more")


def one_of(name: str, value: object, choices: tuple[object, ...]) -> None:
    """Refuse a value outside a short list of choices."""
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; expected one of {', '.join(map(repr, choices))}")


def finite(name: str, value: Tensor) -> None:
    """Refuse NaN and infinity, and say how many there are. (A tensor on the ``meta`` device has no numbers to refuse.)"""
    if value.device.type == "meta":
        return
    bad = int((~torch.isfinite(value)).sum())
    if bad:
        raise ValueError(
            f"{name} has {bad} entries that are NaN or infinite, of {value.numel()}; expected finite numbers"
        )


def same_place(name: str, value: Tensor, other_name: str, other: Tensor) -> None:
    """Refuse two tensors on different devices."""
    if value.device != other.device:
        raise ValueError(
            f"{name} is on {value.device} but {other_name} is on {other.device}; expected one device"
        )


def indices(name: str, value: Tensor, count: int) -> Tensor:
    """Whole numbers from 0 to ``count - 1``, stored in any dtype, as indices; or a refusal. (``meta`` as in ``finite``.)

    >>> indices("z", torch.tensor([0.0, 2.0]), 3)
    tensor([0, 2])
    """
    index = value.long()
    inside = (index == value) & (index >= 0) & (index < count)
    if value.device.type != "meta" and not bool(inside.all()):
        raise ValueError(f"{name} has entries that are no whole number from 0 to {count - 1}")
    return index


def positive_number(name: str, value: float) -> None:
    """Refuse what is not a finite number above zero."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is {value!r}; expected a positive number")
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} is {value}; expected a positive number")


def bits(name: str, value: Tensor) -> None:
    """Refuse entries other than 0 and 1, with the first of them. (``meta`` as in ``finite``.)

    >>> bits("x", torch.tensor([0.0, 1.0, 255.0]))
    Traceback (most recent call last):
    ...
    ValueError: x has 1 entries other than 0 and 1, of 3, such as 255; expected bits
    """
    _support(name, value, (value == 0) | (value == 1), "other than 0 and 1", "bits")


def unit_interval(name: str, value: Tensor) -> None:
    """Refuse entries outside [0, 1]."""
    _support(name, value, (value >= 0) & (value <= 1), "outside [0, 1]", "shares of one")


def _support(name: str, value: Tensor, inside: Tensor, where: str, expected: str) -> None:
    if value.device.type == "meta" or bool(inside.all()):
        return
    outside = value[~inside]
    raise ValueError(
        f"{name} has {outside.numel()} entries {where}, of {value.numel()}, such as {outside[0].item():g}; expected {expected}"
    )
