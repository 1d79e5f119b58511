"""In words: three claims about the score function."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: three claims",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=20,
    read="What to remember",
    hides=[],
    because="answered in words",
)
