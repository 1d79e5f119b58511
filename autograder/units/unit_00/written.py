"""In words: a report, read."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: a report, read",
    function="",
    points=2,
    difficulty=2,
    importance=5,
    minutes=10,
    read="section 3, How to read a check's report",
    hides=[],
    because="answered in words",
)
