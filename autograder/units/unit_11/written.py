"""In words: whose fault is the gap?"""

from autograder.checks.exercise import exercise

EXERCISE = exercise(
    __name__,
    title="In words: whose fault is the gap?",
    function="",
    points=2,
    difficulty=3,
    importance=4,
    minutes=15,
    read="section 5, Two gaps",
    hides=[],
    because="answered in words",
)
