"""For whoever learns alone: a quiz of where to enter the course, and solutions step by step after an honest try."""

from autograder.self_study.quiz import quiz

__all__ = ["quiz"]
