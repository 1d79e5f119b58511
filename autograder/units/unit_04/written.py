"""In words: what a climb proves, and what it does not."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: what a climb proves",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=20,
    read="What to remember",
    hides=[],
    because="answered in words",
)
