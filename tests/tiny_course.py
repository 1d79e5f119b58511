"""A course of one unit, small enough to read at a glance, on which the machinery of notebooks and grading is tested.

Its check needs nothing installed: three points when ``double(3)`` is 6, partial credit when it is at least even.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from autograder.audit.corpus import Answer, answers
from autograder.build.notebooks import Course

UNIT = "00_tiny"

REGISTRY = {
    "00_double": SimpleNamespace(
        id="00_double", unit=UNIT, title="Twice", points=3.0, function="double",
        difficulty=1, importance=5, minutes=5, read="", written=False,
    ),
    "00_why": SimpleNamespace(
        id="00_why", unit=UNIT, title="Say why", points=1.0, function="",
        difficulty=1, importance=2, minutes=5, read="", written=True,
    ),
}  # fmt: skip

PROBLEM_SET = '''
# %% [markdown] locked="00_header"
# # Tiny
#
# One exercise and one question.

# %% locked="00_setup"
def check(exercise_id, function):
    try:
        answer = function(3)
    except NotImplementedError:
        return 0.0
    return 3.0 if answer == 6 else 1.5 if answer % 2 == 0 else 0.0

# %% [markdown]
# ### Twice
#
# *Difficulty* 1/5, *Importance* 5/5, 5 minutes. Write `double(x)`.

# %% exercise="00_double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    doubled_number = x + x
    return doubled_number
    ### END SOLUTION

# %% check="00_double"
check("00_double", double)

# %% [markdown]
# <details><summary>It comes out odd</summary> Twice anything is even. </details>
# <details><summary>It comes out 9</summary> Squaring is something else. </details>
# <details><summary>It is None</summary> Did you return it? </details>

# %% [markdown] solution_only="00_double"
# A number added to itself, as Euclid would have it.

# %% [markdown]
# ### Say why
#
# Difficulty 1/5, Importance 2/5, 5 minutes

# %% [markdown] written="00_why"
# Because addition is commutative and two is one and one.
#
# === BEGIN MARK SCHEME ===
# One point for naming addition.
# === END MARK SCHEME ===
'''

LECTURE = """
# %% [markdown]
# # A tiny lecture

# %%
half = 21
half * 2

# %% [markdown]
# That was the whole of it.
"""


def tiny_course(root: Path, problem_set: str = PROBLEM_SET, lecture: str = LECTURE) -> Course:
    """The tiny course, its masters written under ``root``."""
    course = Course(root, REGISTRY)
    for path, text in (
        (course.source(UNIT, ".py"), problem_set),
        (course.lecture(UNIT, ".py"), lecture),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip(), encoding="utf-8")
    return course


ANSWERS = """
# %% right product: Multiplication.
def double(x):
    return 2 * x

# %% right shift: A shift of bits.
def double(x):
    return x << 1

# %% wrong squared, from right product: A square is not twice.
# diagnosis: squared
#-     return 2 * x
#+     return x**2

# %% wrong one_more, from right product: One too many.
# diagnosis: one step too far
#-     return 2 * x
#+     return x + x + 2
"""


class TinyAnswer(Answer):
    """An answer to an exercise that is in no registry."""

    def load(self) -> Any:
        scope: dict[str, Any] = {}
        exec(self.source, scope)
        return scope["double"]


def tiny_corpus() -> list[Answer]:
    """Right and wrong answers to the tiny course's exercise."""
    return [TinyAnswer(**vars(answer)) for answer in answers("00_double", ANSWERS)]


def tiny_check(exercise_id: str, function: Any) -> float:
    """The check that stands in the tiny notebook, to be had outside of it."""
    scope: dict[str, Any] = {}
    exec(PROBLEM_SET.split('locked="00_setup"')[1].split("# %%")[0], scope)
    return scope["check"](exercise_id, function)
