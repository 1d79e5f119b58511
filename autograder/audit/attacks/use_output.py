"""300 MB of output, on both streams and below Python.

base: solved
honest: all
stock: run
"""
# %% top
import os
import sys

for _ in range(1000):
    print("x" * 100_000)
    print("y" * 100_000, file=sys.stderr)
    os.write(2, b"z" * 100_000)
