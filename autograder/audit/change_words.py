"""A change of a right answer, told in words of mathematics: never in the solution's own line.

Words are the names of the exercise's own arguments, which every learner sees, and a list of terms that the lectures use. A variable of
the solution is told by what it was made from; a change that cannot be told in these words is not told at all.
"""

from __future__ import annotations

import ast
import re

__all__ = ["in_words"]

TERMS = {
    "log_q": "log q", "log_p": "log p", "log_w": "log w", "log_joint": "log p(x, z)",
    "log_evidence": "log p(x)", "log_prob": "a log-density", "entropy": "the entropy",
    "prior": "the prior", "likelihood": "the likelihood", "posterior": "the posterior",
    "kl": "the KL", "score": "the score", "variance": "the variance", "var": "the variance",
    "std": "the standard deviation", "cov": "the covariance", "covariance": "the covariance",
    "loc": "loc", "scale": "the scale", "log_scale": "log_scale", "mean": "a mean", "sum": "a sum",
    "exp": "exp", "log": "log", "sqrt": "sqrt", "square": "a square", "logsumexp": "logsumexp",
    "logdet": "a log-determinant", "slogdet": "a log-determinant", "inverse": "an inverse",
    "pi": "pi", "transport": "the sample", "z": "z", "x": "x", "eps": "eps",
    "frozen_log_prob": "log q with constant parameters",
    "functional_call": "log q with given parameters", "softmax": "softmax",
    "sigmoid": "the sigmoid", "detach": "detach", "cumsum": "a running sum", "elbo": "the ELBO",
    "gain": "the gain", "digamma": "digamma", "lgamma": "log Gamma", "tanh": "tanh",
    "abs": "an absolute value", "clamp": "a clamp",
}  # fmt: skip
MOST, DEPTH = 4, 4


def in_words(before: str, after: str, function: str) -> str | None:
    """What was changed between two sources, as in ``a term is missing: that of log q``; None where it cannot be told."""
    old, new = ast.parse(before), ast.parse(after)
    pair = _difference(old, new)
    if pair is None:
        return None
    return _Words(old, function).of(*pair)


def _difference(old: ast.AST, new: ast.AST) -> tuple[ast.AST, ast.AST] | None:
    """The smallest expressions that hold all that differs."""
    if type(old) is not type(new):
        return old, new
    whole = (old, new) if isinstance(old, ast.expr) else None
    differing = []
    for name, value in ast.iter_fields(old):
        other = getattr(new, name)
        mine, theirs = (item if isinstance(item, list) else [item] for item in (value, other))
        if len(mine) != len(theirs):
            return whole
        differing += [(a, b) for a, b in zip(mine, theirs, strict=True) if _text(a) != _text(b)]
    if len(differing) == 1 and isinstance(differing[0][0], (ast.expr, ast.stmt, ast.keyword)):
        inner = _difference(*differing[0])
        return (
            whole
            if isinstance(old, ast.Call) and inner is not None and inner[0] is old.func
            else inner
        )
    return whole


def _text(value: object) -> str:
    return ast.dump(value) if isinstance(value, ast.AST) else repr(value)


class _Words:
    """The words for one solution: its arguments, and what its variables were made from."""

    def __init__(self, tree: ast.AST, function: str) -> None:
        self.made: dict[str, ast.AST] = {}
        self.public: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == function:
                for inner in ast.walk(node):
                    if isinstance(inner, ast.FunctionDef) and (
                        inner is node or not inner.name.startswith("_") or inner.name == "__init__"
                    ):
                        self.public |= {
                            a.arg for a in (*inner.args.args, *inner.args.kwonlyargs)
                        } - {"self"}
                    if inner is node and isinstance(node, ast.FunctionDef):
                        break
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    for name in target.elts if isinstance(target, ast.Tuple) else [target]:
                        if isinstance(name, ast.Name):
                            self.made.setdefault(name.id, node.value)

    def of(self, old: ast.AST, new: ast.AST) -> str | None:
        """One change in words."""
        if isinstance(old, ast.BinOp):
            return self._operation(old, new)
        if isinstance(old, ast.UnaryOp) and _text(old.operand) == _text(new):
            return self._with("a minus is missing before", old.operand)
        if isinstance(old, ast.Constant) and isinstance(new, ast.Constant):
            numbers = [item.value for item in (old, new)]
            plain = [
                float(n) for n in numbers if isinstance(n, (int, float)) and not isinstance(n, bool)
            ]
            return (
                f"a constant is {plain[1]:g} where {plain[0]:g} belongs"
                if len(plain) == 2
                else None
            )
        if _is_method(new, "detach") and _text(new.func.value) == _text(old):  # type: ignore[attr-defined]
            return self._with("the gradient is cut off at", old)
        if isinstance(old, ast.Name) and isinstance(new, ast.Name):
            if (old.id in self.public) is not (new.id in self.public):
                return None
            names = [self._name(item.id) for item in (old, new)]
            return (
                None
                if None in names or names[0] == names[1]
                else f"{names[1]} stands where {names[0]} belongs"
            )
        if isinstance(old, ast.Call):
            return self._call(old, new)
        return None

    def _operation(self, old: ast.BinOp, new: ast.AST) -> str | None:
        kind = type(old.op)
        word = "term" if kind in (ast.Add, ast.Sub) else "factor"
        if isinstance(new, ast.BinOp) and (_text(old.left), _text(old.right)) == (
            _text(new.left),
            _text(new.right),
        ):
            if word == "term":
                return self._with("the sign is turned of the term with", old.right)
            verb, other = (
                ("divided", "multiplied") if kind is ast.Mult else ("multiplied", "divided")
            )
            return self._with(f"something is {verb}, where it should be {other}, by", old.right)
        if kind is ast.Pow and _text(old.left) == _text(new):
            return self._with("a power is missing on", old.left)
        dropped = None
        if _text(new) == _text(old.left):
            dropped = old.right
        elif (
            _text(new) == _text(old.right)
            or (isinstance(new, ast.UnaryOp) and _text(new.operand) == _text(old.right))
            or (
                kind is ast.Div
                and isinstance(new, ast.BinOp)
                and _text(new.right) == _text(old.right)
            )
        ):
            dropped = old.left
        return None if dropped is None else self._with(f"a {word} is missing: that with", dropped)

    def _call(self, old: ast.Call, new: ast.AST) -> str | None:
        name = old.func.attr if isinstance(old.func, ast.Attribute) else ""
        method = isinstance(old.func, ast.Attribute) and not _module(old.func.value)
        inside = old.func.value if method else old.args[0] if old.args else None  # type: ignore[attr-defined]
        word = TERMS.get(name)
        if inside is None or word is None:
            return None
        if _text(new) == _text(inside):
            return self._with(f"{word} is missing around", inside)
        if isinstance(new, ast.Call) and isinstance(new.func, ast.Attribute):
            twin = TERMS.get(new.func.attr)
            if new.func.attr != name:
                return (
                    self._with(f"there is {twin} where {word} belongs, of", inside)
                    if twin
                    else None
                )
            if len(new.args) + len(new.keywords) < len(old.args) + len(old.keywords):
                return self._with(f"the axis, or keepdim, is not named in {word} of", inside)
        return None

    def _with(self, says: str, node: ast.AST) -> str | None:
        words = self._terms(node)
        return f"{says} {', '.join(words)}" if 0 < len(words) <= MOST else None

    def _terms(self, node: ast.AST, depth: int = 0) -> list[str]:
        """The words for what an expression is made of, each once; numbers if there is nothing else."""
        found: dict[str, None] = {}
        numbers = [
            f"{n.value:g}"
            for n in ast.walk(node)
            if isinstance(n, ast.Constant) and isinstance(n.value, (int, float))
        ]
        for inner in ast.walk(node):
            name = (
                inner.id
                if isinstance(inner, ast.Name)
                else inner.attr
                if isinstance(inner, ast.Attribute)
                else ""
            )
            word = self._name(name) if name else None
            if word:
                found[word] = None
            elif isinstance(inner, ast.Name) and name in self.made and depth < DEPTH:
                found |= dict.fromkeys(self._terms(self.made[name], depth + 1))
        return sorted(found) or (sorted(set(numbers)) if depth == 0 else [])

    def _name(self, name: str) -> str | None:
        """What a name is called in words: an argument by its own name."""
        if name in self.public:
            return name
        return TERMS.get(re.sub(r"_?\d+$", "", name).lower())


def _is_method(node: ast.AST, name: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    )


def _module(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "math", "np", "nn", "F")
