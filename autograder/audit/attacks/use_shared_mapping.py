"""Shared anonymous memory is written and let go of by its process: it stays, and nobody has it mapped.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import mmap, os, time
def _shared():
    return next(int(l.split()[1]) >> 10 for l in open("/proc/meminfo") if l.startswith("Shmem:"))
_before, _held = _shared(), []
try:
    for _ in range(60):
        _m = mmap.mmap(-1, 64 << 20)
        for _at in range(0, len(_m), 4096):
            _m[_at] = 1
        _m.madvise(mmap.MADV_DONTNEED)
        _held.append(_m)
except (OSError, ValueError) as error:
    print(error)
time.sleep(0.5)
if _shared() - _before > 3000:
    print("GOT THROUGH: memory that no process has mapped")
del _held
