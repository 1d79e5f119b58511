"""Mutation operators on the syntax tree: one change of a right answer's source each."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = ["TreeChange", "tree_changes"]


class TreeChange(NamedTuple):
    """One change: its operator, what was changed into what, and the whole source after it."""

    operator: str
    what: str
    source: str


class Swap(NamedTuple):
    """An operator, and what stands in the node's place afterwards; None drops a statement."""

    operator: str
    after: ast.AST | None


SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
TURNED = {
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
TWINS = {
    "sum": "mean",
    "mean": "sum",
    "var": "std",
    "std": "var",
    "logsumexp": "sum",
    "cosh": "sinh",
    "sinh": "cosh",
    "log1p": "log",
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "argmin": "argmax",
    "argmax": "argmin",
    "zeros": "ones",
    "ones": "zeros",
}
DROPPED = {
    "exp",
    "log",
    "sqrt",
    "square",
    "detach",
    "reciprocal",
    "logdet",
    "clone",
    "requires_grad_",
    "unsqueeze",
    "squeeze",
    "abs",
    "softmax",
    "log_softmax",
    "cumsum",
    "flip",
    "tril",
    "triu",
    "expand_as",
    "log1p",
    "asinh",
    "inverse",
    "clamp",
    "clip",
    "mT",
    "transpose",
    "float",
    "double",
}
IN_PLACE = {
    "exp",
    "log",
    "sqrt",
    "square",
    "abs",
    "neg",
    "clamp",
    "sigmoid",
    "tanh",
    "cumsum",
    "log1p",
}
REDUCED = {
    "sum",
    "mean",
    "var",
    "std",
    "logsumexp",
    "prod",
    "cumsum",
    "softmax",
    "log_softmax",
    "max",
    "min",
}
AXES = {"dim", "axis", "keepdim", "correction", "unbiased"}
MODULES = {"torch", "math", "np", "numpy", "nn", "F", "self"}
SILENT = {
    "append",
    "step",
    "zero_grad",
    "backward",
    "parameters",
    "named_parameters",
    "items",
    "values",
    "manual_seed",
}


def tree_changes(source: str) -> Iterator[TreeChange]:
    """All mutants of a source that change one node of its tree; equal sources once."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for node, put, scope, statement in _places(tree):
        for swap in (*_swaps(node), *_names(node, scope)):
            put([] if swap.after is None else [swap.after])
            text = ast.unparse(ast.fix_missing_locations(tree))
            put([node])
            if text not in seen:
                seen.add(text)
                yield TreeChange(swap.operator, _what(node, swap.after, statement), text)


def _what(node: ast.AST, after: ast.AST | None, statement: ast.AST) -> str:
    """``before -> after, in the first line of the statement``. No line numbers: it outlives edits elsewhere."""
    before, now = (_brief(item) if item is not None else "nothing" for item in (node, after))
    place = "" if node is statement else f", in {_brief(statement)}"
    return f"{before} -> {now}{place}"


def _brief(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(node)).splitlines()[0][:100]


class Place(NamedTuple):
    """A node, how to put others where it stands, the names in scope, and its statement."""

    node: ast.AST
    put: Callable[[list[Any]], None]
    scope: list[str]
    statement: ast.AST


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


def _names(node: ast.AST, own: list[str]) -> Iterator[Swap]:
    """One variable for another where it is read, and cut off from its gradient."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in own:
        for other in own:
            if other != node.id:
                yield Swap("swap names", ast.Name(other, ast.Load()))
        yield Swap("add detach", _method(node, "detach"))


def _swaps(node: ast.AST) -> Iterator[Swap]:
    """What may stand in place of this node."""
    if isinstance(node, ast.BinOp):
        yield from _of_operation(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        if not isinstance(node.operand, ast.Constant):
            yield Swap("drop minus", node.operand)
    elif isinstance(node, ast.Constant):
        yield from (Swap("constant", ast.Constant(value)) for value in _others(node.value))
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in TURNED:
        yield Swap(
            "turn comparison",
            ast.Compare(node.left, [TURNED[type(node.ops[0])]()], node.comparators),
        )
    elif isinstance(node, ast.IfExp):
        yield from (Swap("drop condition", branch) for branch in (node.body, node.orelse))
    elif isinstance(node, ast.If):
        yield from (
            Swap("drop condition", ast.If(ast.Constant(value), node.body, node.orelse))
            for value in (True, False)
        )
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif (
        isinstance(node, ast.Return)
        and isinstance(node.value, ast.Tuple)
        and len(node.value.elts) > 1
    ):
        elements = node.value.elts
        yield Swap("swap results", ast.Return(ast.Tuple([*elements[1:], elements[0]], ast.Load())))
    elif isinstance(node, (ast.AugAssign, ast.Expr)):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield Swap("drop statement", None)
    elif isinstance(node, ast.With):
        yield Swap("drop with", ast.If(ast.Constant(True), node.body, []))


def _of_operation(node: ast.BinOp) -> Iterator[Swap]:
    kind = type(node.op)
    if kind in SIGNS:
        yield Swap("swap signs", ast.BinOp(node.left, SIGNS[kind](), node.right))
        word = "drop term" if kind in (ast.Add, ast.Sub) else "drop factor"
        yield Swap(word, node.left)
        if kind is ast.Sub:
            yield Swap(word, ast.UnaryOp(ast.USub(), node.right))
        elif kind is ast.Div:
            yield Swap(word, ast.BinOp(ast.Constant(1.0), ast.Div(), node.right))
        else:
            yield Swap(word, node.right)
        if isinstance(node.left, ast.Name):
            verb = {ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_"}[kind]
            yield Swap("in place", _method(node.left, verb, node.right))
    if kind is ast.Pow:
        yield Swap("drop power", node.left)
    if kind is ast.MatMult:
        yield from (Swap("drop factor", side) for side in (node.left, node.right))
        yield Swap("swap factors", ast.BinOp(node.right, ast.MatMult(), node.left))


def _others(value: Any) -> list[Any]:
    """Other values of a constant."""
    if isinstance(value, bool):
        return [not value]
    if not isinstance(value, (int, float)):
        return []
    return [
        other
        for other in dict.fromkeys((value + 1, value - 1, 2 * value, -value))
        if other != value
    ]


def _of_call(node: ast.Call) -> Iterator[Swap]:
    function = node.func
    if isinstance(function, ast.Name) and function.id == "range" and len(node.args) == 1:
        shorter = ast.BinOp(node.args[0], ast.Sub(), ast.Constant(1))
        yield Swap("one fewer", ast.Call(function, [shorter], []))
    if isinstance(function, ast.Attribute):
        name = function.attr
        module = isinstance(function.value, ast.Name) and function.value.id in MODULES
        if name in TWINS:
            twin = ast.Attribute(function.value, TWINS[name], ast.Load())
            yield Swap("sum for mean, and twins", ast.Call(twin, node.args, node.keywords))
        if name in DROPPED and (not module or node.args):
            yield Swap("drop call", node.args[0] if module else function.value)
        if name in IN_PLACE and not module:
            twin = ast.Attribute(function.value, f"{name}_", ast.Load())
            yield Swap("in place", ast.Call(twin, node.args, node.keywords))
        if name in REDUCED:
            yield from _of_axis(node, module)
        if not module and name not in SILENT:
            yield Swap("add detach", _method(node, "detach"))
    for at, keyword in enumerate(node.keywords):
        if keyword.arg in AXES:
            yield Swap(
                "drop axis",
                ast.Call(function, node.args, [*node.keywords[:at], *node.keywords[at + 1 :]]),
            )


def _of_axis(node: ast.Call, module: bool) -> Iterator[Swap]:
    if len(node.args) == 1 + module:
        yield Swap("drop axis", ast.Call(node.func, node.args[:-1], node.keywords))
    if not any(keyword.arg == "keepdim" for keyword in node.keywords):
        yield Swap(
            "add axis",
            ast.Call(
                node.func, node.args, [*node.keywords, ast.keyword("keepdim", ast.Constant(True))]
            ),
        )


def _method(node: ast.expr, name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(node, name, ast.Load()), list(args), [])
