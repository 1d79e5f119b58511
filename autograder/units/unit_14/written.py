"""In words: four claims about a program that does inference by itself."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: four claims about a program that does inference by itself",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=20,
    read="What to remember",
    hides=[],
    because="answered in words",
)
