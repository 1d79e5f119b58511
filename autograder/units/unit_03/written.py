"""In words: what the gap hides."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: what the gap hides",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=15,
    read="What to remember",
    hides=[],
    because="answered in words",
)
