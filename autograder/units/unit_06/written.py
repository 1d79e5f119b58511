"""In words: a deterministic objective."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: a deterministic objective",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=15,
    read="section 6, Frozen samples",
    hides=[],
    because="answered in words",
)
