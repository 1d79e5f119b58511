"""Checks that teach, and the grading loop around them. A learner needs one name: ``from autograder import check``.

A problem set with a sealed case has ``sealed_case`` beside it, and whoever learns alone has ``steps``, towards a solution after an honest
try. All are looked up when they are asked for: importing a part of the package (the builder, a kernel's client) does not load the checks.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.checking import check, sealed_case
    from autograder.self_study.stepwise import steps

__all__ = ["check", "sealed_case", "steps"]


def __getattr__(name: str) -> Any:
    if name in ("check", "sealed_case"):
        from autograder import checking

        return getattr(checking, name)
    if name == "steps":
        from autograder.self_study.stepwise import steps

        return steps
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
