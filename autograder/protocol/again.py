"""What is asked a second time, and how: a function has no memory of its last call.

Many a learner's function remembers: a copy of the first network that it saw, kept under ``id(q)``; the posterior of the first data.
On fresh objects, each asked about once, that is invisible. So the first of two answers is asked for on modules that were shown with other
parameters before, and the second on fresh ones.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from torch import nn

__all__ = ["QUICK", "other_parameters", "small"]

SMALL, QUICK = (
    20_000,
    0.5,
)  # numbers in a question, seconds for its answer: up to here it is asked twice


def small(request: dict[str, Any]) -> bool:
    """Whether a question has few numbers in it, those that are yet to be drawn included.

    >>> small({"args": [{"$noise": [100, 2], "seed": 1}]}), small({"args": [np.ones(20_001)]})
    (True, False)
    """
    return _size(request) <= SMALL


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return (
            int(np.prod(value["$noise"])) if "$noise" in value else sum(map(_size, value.values()))
        )
    if isinstance(value, list):
        return sum(map(_size, value))
    return value.size if isinstance(value, np.ndarray) else 1


def other_parameters(objects: dict[str, Any]) -> contextlib.ExitStack | None:
    """Inside, the parameters of all modules of a problem are others; outside, they are what they were. None if there are none.

    >>> layer = nn.Linear(1, 1)
    >>> before = layer.weight.item()
    >>> with other_parameters({"q": layer}):
    ...     inside = layer.weight.item()
    >>> inside == before, layer.weight.item() == before, other_parameters({"x": 1.0}) is None
    (False, True, True)
    """
    parameters = [
        parameter
        for module in objects.values()
        if isinstance(module, nn.Module)
        for parameter in module.parameters()
    ]
    if not parameters:
        return None
    restored = contextlib.ExitStack()
    for parameter in dict.fromkeys(parameters):
        restored.callback(parameter.data.copy_, parameter.detach().clone())
        parameter.data.mul_(0.9).add_(0.05)
    return restored
