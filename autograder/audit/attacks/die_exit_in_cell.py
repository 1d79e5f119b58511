"""A cell ends the process.

base: solved
honest: all but 03_gap
stock: run
"""
# %% 03_gap
import os

os._exit(0)
