"""Which files a module's behaviour depends on: its import closure, read from the source by ``ast``.

An import inside a function counts like one at the top of a file. ``autograder.units`` finds its
units by itself; the closure does not follow that, so a unit's closure holds no other unit.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from autograder.course import ROOT

__all__ = ["PACKAGES", "closure"]

PACKAGES = {"autograder": ROOT / "autograder", "course_vi": ROOT / "src" / "course_vi"}


def closure(modules: Iterable[str]) -> list[Path]:
    """The files of ours that importing these modules reads, enclosing packages included, sorted.

    Raises:
        LookupError: one of the modules is not there.

    >>> [path.name for path in closure(["autograder.protocol.wire"])][:2]
    ['__init__.py', '__init__.py']
    """
    seen: dict[str, Path] = {}
    waiting = list(modules)
    for name in waiting:
        if _file(name) is None:
            raise LookupError(f"there is no module {name}")
    while waiting:
        name = waiting.pop()
        path = None if name in seen else _file(name)
        if path is not None:
            seen[name] = path
            waiting += [*_imports(path, name), name.rpartition(".")[0]]
    return sorted(seen.values())


def _file(module: str) -> Path | None:
    """The file of a module of ours; None for any other name."""
    package, _, inside = module.partition(".")
    if package not in PACKAGES:
        return None
    base = PACKAGES[package].joinpath(*filter(None, inside.split(".")))
    files = (base / "__init__.py", base.with_suffix(".py"))
    return next((path for path in files if path.is_file()), None)


@cache
def _imports(path: Path, module: str) -> tuple[str, ...]:
    """Every dotted name that a file may import: the modules, and what is taken from them."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return tuple(dict.fromkeys(_names(ast.parse(path.read_text(encoding="utf-8")), package)))


def _names(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            name = ".".join(filter(None, [base, node.module or ""]))
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)
