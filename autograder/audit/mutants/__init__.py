"""Mutation testing of the checks: how many small changes of a right answer does a check catch, and how many does it name?"""

from autograder.audit.mutants.measure import main

__all__ = ["main"]
