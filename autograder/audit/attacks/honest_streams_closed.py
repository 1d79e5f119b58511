"""No attack: the streams are closed below Python, and stderr is replaced.

base: solved
honest: all
stock: run
"""
# %% top
import os
import sys

os.close(1)
os.close(2)
sys.stderr = open(os.devnull, "w")
