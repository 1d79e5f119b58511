"""Checks that teach, and the grading loop around them. A learner needs one name: ``from autograder import check``.

A problem set with a sealed case has ``sealed_case`` beside it. Both are looked up when they are asked for: importing a part of the
package (the builder, a kernel's client) does not load the checks.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.checking import check, sealed_case

__all__ = ["check", "sealed_case"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from autograder import checking

        return getattr(checking, name)
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
