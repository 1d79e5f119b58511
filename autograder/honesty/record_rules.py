"""Whether the record is what the library wrote: its numbers from its own runs, its functions unchanged, its claims made in any case."""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from autograder.honesty.rules import Fault, same_number
from course_vi.study import Agreement, Comparison, Event, Measured, Rest, Table
from course_vi.study.verdicts import judge_agreement, judge_comparison, judge_rest, numbers_of

__all__ = ["conditional", "own_library", "recomputed"]

JUDGES: dict[type, Any] = {
    Comparison: judge_comparison,
    Agreement: judge_agreement,
    Rest: judge_rest,
}
CLAIMING = {"compare", "agree", "at_rest"}


@contextlib.contextmanager
def own_library() -> Iterator[list[str]]:
    """The names in ``course_vi`` that a report sets to something else while it runs; afterwards they are what they were."""
    changed: list[str] = []
    places: dict[str, Any] = {}
    for name, module in list(sys.modules.items()):
        if name == "course_vi" or name.startswith("course_vi."):
            places[name] = module
            places |= {f"{name}.{one.__qualname__}": one for one in _classes(module)}
    kept = {name: dict(vars(place)) for name, place in places.items()}
    try:
        yield changed
    finally:
        for name, place in places.items():
            for word, value in kept[name].items():
                if _fixed(word, value) and vars(place).get(word) is not value:
                    changed.append(f"{name}.{word}")
                    setattr(place, word, value)


def _fixed(word: str, value: Any) -> bool:
    """Whether a name is set once: a function, a class, a property, a constant."""
    return callable(value) or isinstance(value, property) or word.isupper()


def _classes(module: Any) -> list[type]:
    return [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__]  # fmt: skip


def recomputed(data: Table, event: Event) -> list[Fault]:
    """The numbers of a statement are what the library makes of its runs."""
    if type(event) in JUDGES and event.printed and event.numbers:
        again: Any = replace(event, numbers={}, printed="")
        JUDGES[type(event)](again)
        rule, says, numbers = "numbers", "its own runs give", again.numbers
    elif isinstance(event, Measured):
        rule, says, numbers = "repeatable", "measured again it is", numbers_of(event.measure(data))
    else:
        return []
    return [
        Fault(rule, f"the record of [{event.name}] has {event.numbers.get(word)} for “{word}”; {says} {value:.6g}")
        for word, value in numbers.items()
        if not same_number(event.numbers.get(word, float("nan")), value)
    ][:1]  # fmt: skip


def conditional(source: str) -> list[str]:
    """Claims that stand under a condition: made only where they would hold, they cannot fail.

    >>> conditional("if t > 3:\\n    study.compare('age', 'age helps', arms, seeds)")
    ['study.compare(...) stands under the condition `t > 3`']
    >>> conditional("for name in names:\\n    study.compare(name, 'it helps', arms, seeds)")
    []
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    found = []
    for node in ast.walk(tree):
        tests = [node.test] if isinstance(node, (ast.If, ast.IfExp, ast.While)) else []
        tests += [t for g in getattr(node, "generators", []) for t in g.ifs]
        for call in ast.walk(node) if tests else ():
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in CLAIMING:  # fmt: skip
                found.append(f"{ast.unparse(call.func)}(...) stands under the condition `{ast.unparse(tests[0])}`")  # fmt: skip
    return found
