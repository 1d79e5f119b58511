"""A function calls itself without end.

base: solved
honest: all but 03_gap
stock: run
"""
# %% 03_gap
import sys

sys.setrecursionlimit(10**9)


def elbo_and_gap(*args):
    return elbo_and_gap(*args)
