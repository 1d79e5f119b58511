"""A cell never ends, and ignores the signal that would interrupt it.

base: solved
honest: all but 03_gap
stock: run
"""
# %% 03_gap
import signal
import time

signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    time.sleep(1)
