"""A function waits in native code, where no interrupt arrives.

base: solved
honest: all but 03_gap
stock: run
"""
# %% 03_gap
import ctypes


def elbo_and_gap(*args):
    ctypes.PyDLL(None).sleep(10_000)
