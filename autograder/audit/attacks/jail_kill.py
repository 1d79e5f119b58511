"""Every process that can be seen is killed, the parent first.

base: solved
honest: all but 03_gap
stock: not run: it would kill everything
"""
# %% 03_gap
import os
import signal

for pid in (os.getppid(), 1, -1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError as error:
        print(type(error).__name__)
os.kill(os.getpid(), signal.SIGKILL)
