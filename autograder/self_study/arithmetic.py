"""A number as a learner writes it: ``0.5``, ``0,5``, ``1/3``, ``log(2)/2``. Arithmetic and nothing else is understood."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable

__all__ = ["number"]

LONGEST = 200
BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}
UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
CALLS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "log2": math.log2,
    "sqrt": math.sqrt,
}


def number(text: str) -> float | None:
    """The value of an expression of numbers, ``+ - * / ** ^``, ``pi``, ``exp``, ``log``, ``log2`` and ``sqrt``; None for anything else.

    >>> number("0,25"), number("2^-3"), number("sqrt(4) - exp(0)/2")
    (0.25, 0.125, 1.5)
    >>> number("__import__('os')"), number("1/0"), number("")
    (None, None, None)
    """
    if len(text) > LONGEST:
        return None
    plain = re.sub(r"(?<=\d),(?=\d)", ".", text).replace("^", "**").replace("−", "-")
    try:
        value = _value(ast.parse(plain.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None
    return value if math.isfinite(value) else None


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name) and node.id == "pi":
        return math.pi
    if isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
        return UNARY[type(node.op)](_value(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        return BINARY[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        if node.func.id in CALLS and not node.keywords:
            return CALLS[node.func.id](_value(node.args[0]))
    raise ValueError(f"{ast.dump(node)} is no arithmetic")
