"""Find the units: a package's modules named ``unit_*`` are imported in order, and register what they hold."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

__all__ = ["import_units"]


def import_units(package: str, path: Iterable[str]) -> None:
    """Import each ``unit_*`` module of a package, sorted by name; to add a unit is to add a file.

    An error in one of them is raised as it is: a unit that cannot be imported must not be missing in silence.
    """
    for name in sorted(module.name for module in pkgutil.iter_modules(path) if module.name.startswith("unit_")):
        importlib.import_module(f"{package}.{name}")
