"""Something runs when the kernel ends, and does not return.

base: solved
honest: all
stock: run
"""
# %% top
import atexit
import signal
import time

atexit.register(time.sleep, 10_000)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
