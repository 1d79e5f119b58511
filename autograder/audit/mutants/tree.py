"""Mutants of a source: each node of its syntax tree changed in each way, one at a time."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from autograder.audit.mutants.operators import swaps, swaps_of_name

__all__ = ["TreeChange", "tree_changes"]


class TreeChange(NamedTuple):
    """One change: its operator, what was changed into what, and the whole source after it."""

    operator: str
    what: str
    source: str


class Place(NamedTuple):
    """A node, how to put others where it stands, the names in scope, and its statement."""

    node: ast.AST
    put: Callable[[list[Any]], None]
    scope: list[str]
    statement: ast.AST


def tree_changes(source: str) -> Iterator[TreeChange]:
    """All mutants of a source that change one node of its tree; equal sources once."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for node, put, scope, statement in _places(tree):
        for swap in (*swaps(node), *swaps_of_name(node, scope)):
            put([] if swap.after is None else [swap.after])
            text = ast.unparse(ast.fix_missing_locations(tree))
            put([node])
            if text not in seen:
                seen.add(text)
                yield TreeChange(swap.operator, _what(node, swap.after, statement), text)


def _what(node: ast.AST, after: ast.AST | None, statement: ast.AST) -> str:
    """``before -> after, in the first line of the statement``.

    No line numbers: it outlives edits elsewhere.
    """
    before, now = (_brief(item) if item is not None else "nothing" for item in (node, after))
    place = "" if node is statement else f", in {_brief(statement)}"
    return f"{before} -> {now}{place}"


def _brief(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(node)).splitlines()[0][:100]


def _places(tree: ast.AST) -> list[Place]:
    """Every node of a tree, from the top down; annotations are left out."""
    found: list[Place] = []

    def walk(parent: ast.AST, scope: list[str], statement: ast.AST) -> None:
        for name, value in ast.iter_fields(parent):
            if name in ("annotation", "returns", "decorator_list"):
                continue
            for at, item in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(item, ast.AST):
                    continue
                own = scope or (_own(item) if isinstance(item, ast.FunctionDef) else [])
                inside = item if isinstance(item, ast.stmt) else statement
                found.append(Place(item, _putter(parent, name, at), own, inside))
                walk(item, own, inside)

    walk(tree, [], tree)
    return found


def _putter(parent: ast.AST, name: str, at: int) -> Callable[[list[Any]], None]:
    kept = getattr(parent, name)

    def put(nodes: list[Any]) -> None:
        if isinstance(kept, list):
            others = [*kept[:at], *nodes, *kept[at + 1 :]]
            setattr(parent, name, others or [ast.Pass()])
        else:
            setattr(parent, name, nodes[0])

    return put


def _own(function: ast.FunctionDef) -> list[str]:
    """The names that a function binds: its arguments and what it assigns."""
    arguments = [a.arg for a in (*function.args.args, *function.args.kwonlyargs) if a.arg != "self"]
    stored = [
        n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    return list(dict.fromkeys([*arguments, *stored]))
