"""In words: which family, and what it cannot say."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: a family for a model",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=20,
    read="section 5, Three real posteriors, one table",
    hides=[],
    because="answered in words",
)
