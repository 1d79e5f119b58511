"""In words: what Bob needs."""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: what Bob needs",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=15,
    read="section 11, Alice, Bob and the aggregate posterior",
    hides=[],
    because="answered in words",
)
