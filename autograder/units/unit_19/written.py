"""In words: four claims about a compressor."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: four claims about a compressor",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=20,
    read="What to remember",
    hides=[],
    because="answered in words",
)
