"""TO WRITE: the question that is answered in words."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: TO WRITE",
    function="",
    points=1,
    difficulty=1,
    importance=1,
    minutes=5,
    read="What to remember",
    hides=[],
    because="answered in words",
)
