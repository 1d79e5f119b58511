"""Forty children share 1 GB, then each writes to all of it.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import os, time
_held = bytearray(b"x") * (1000 << 20)
for _ in range(40):
    if os.fork() == 0:
        time.sleep(1)
        for _at in range(0, len(_held), 4096):
            _held[_at] = 1
        time.sleep(6)
        os._exit(0)
time.sleep(6)
print("GOT THROUGH: it should have been ended")
