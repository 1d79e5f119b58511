"""Named problems and drivers: what a check may ask for by name. No object travels, only names and numbers."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any

from torch import Tensor

__all__ = ["DRIVERS", "PROBLEMS", "TRAINING", "build", "driver", "load", "problem"]

PROBLEMS: dict[str, Callable[..., dict[str, Any]]] = {}
DRIVERS: dict[str, Callable[..., Any]] = {}
TRAINING: set[str] = (
    set()
)  # drivers that let the learner train: what is handed over changes, and once is enough


def problem(name: str) -> Callable[[Callable[..., dict[str, Any]]], Callable[..., dict[str, Any]]]:
    """Register a builder: it takes tensors by name and returns objects by name, among them ``learn``: the parameters by name.

    Where the data share parameters the builder says so (``"shared": True``); where there is no ``x`` whose axes but the last are the
    batch, it names the batch itself (``"batch": shape``). Gradients are pulled back accordingly.
    """

    def register(builder: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        PROBLEMS[name] = builder
        return builder

    return register


def driver(name: str, trains: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a driver: it takes the learner's object first, then numbers and tensors by name, and returns arrays.

    Args:
        trains: it takes long, and is not asked twice.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        DRIVERS[name] = function
        if trains:
            TRAINING.add(name)
        return function

    return register


def build(name: str, params: dict[str, Tensor]) -> dict[str, Any]:
    """The objects of a named problem, built from tensors."""
    return PROBLEMS[name](**params)


def load(unit: str) -> None:
    """Register the problems of one unit, ``"09"``. Where a class is graded they are there without the checks of their folder."""
    if not re.fullmatch(r"\d\d", unit):
        raise ValueError(f"unit is {unit!r}; expected its number, such as '09'")
    module = f"autograder.units.unit_{unit}.problems"
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise  # a unit need not have problems of its own; one that has must not be missing in silence
