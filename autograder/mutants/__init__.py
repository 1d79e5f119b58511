"""Mutation testing: how many small changes of a right answer does its check catch and name?"""

from autograder.mutants.command import main

__all__ = ["main"]
