"""Checks that teach, and the grading loop around them. A learner needs one name: ``from autograder import check``.

It is looked up when it is asked for: importing a part of the package (the builder, a kernel's client) does not load the checks.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.checking import check

__all__ = ["check"]


def __getattr__(name: str) -> Any:
    if name == "check":
        from autograder.checking import check

        return check
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
