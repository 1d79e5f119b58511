"""Fifty processes read one byte of every two megabytes: page tables grow, and no page of their own.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import mmap, os, time
for _ in range(50):
    if os.fork() == 0:
        try:
            _m = mmap.mmap(-1, 5 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ)
            for _at in range(0, len(_m), 2 << 20):
                _m[_at]
        except OSError:
            pass
        time.sleep(3)
        os._exit(0)
time.sleep(4)
