"""For whoever learns alone: a quiz of where to enter the course, and solutions step by step after an honest try."""

from autograder.self_study.quiz_page import quiz
from autograder.self_study.stepwise import steps

__all__ = ["quiz", "steps"]
