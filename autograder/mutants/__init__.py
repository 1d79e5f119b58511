"""Mutation testing of the checks: how many small changes of a right answer does a check catch, and how many does it name?"""

from autograder.mutants.command import main

__all__ = ["main"]
