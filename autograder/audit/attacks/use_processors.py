"""Sixty busy processes, each in a session of its own if it can, for eight seconds.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import os, time
for _ in range(60):
    if os.fork() == 0:
        try:
            os.setsid()
            print("GOT THROUGH: a session of its own", flush=True)
        except OSError:
            pass
        _end = time.time() + 8
        while time.time() < _end:
            pass
        os._exit(0)
time.sleep(8)
