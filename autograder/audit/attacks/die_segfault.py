"""A function reads address zero.

base: solved
honest: all but 03_gap
stock: run
"""
# %% 03_gap
import ctypes


def elbo_and_gap(*args):
    ctypes.string_at(0)
