"""In words: when not to stick the landing."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: when not to stick the landing",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=15,
    read="section 5, Where it does not help",
    hides=[],
    because="answered in words",
)
