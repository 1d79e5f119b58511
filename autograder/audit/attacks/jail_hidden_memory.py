"""A process makes itself unreadable before it takes memory, so that nobody can measure it.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import ctypes, os, time
_libc = ctypes.CDLL(None, use_errno=True)
for _ in range(6):
    if os.fork() == 0:
        if _libc.prctl(4, 0, 0, 0, 0) == 0:
            print("GOT THROUGH: not dumpable", flush=True)
        _held = os.urandom(1) * (700 << 20)
        time.sleep(6)
        os._exit(0)
time.sleep(6)
print("GOT THROUGH: it should have been ended")
