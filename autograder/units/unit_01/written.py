"""In words: boxes, and constants nobody knows."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: boxes, and constants nobody knows",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=15,
    read="What to remember",
    hides=[],
    because="answered in words",
)
