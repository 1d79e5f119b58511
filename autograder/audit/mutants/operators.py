"""Mutation operators: what may stand in place of a node of a syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = ["Swap", "swaps", "swaps_of_name"]


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


def swaps_of_name(node: ast.AST, own: list[str]) -> Iterator[Swap]:
    """One variable for another where it is read, and cut off from its gradient."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in own:
        for other in own:
            if other != node.id:
                yield Swap("swap names", ast.Name(other, ast.Load()))
        yield Swap("add detach", _method(node, "detach"))


def swaps(node: ast.AST) -> Iterator[Swap]:
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
