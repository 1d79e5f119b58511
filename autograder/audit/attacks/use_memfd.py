"""6 GB in memfds that are written and mapped nowhere.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import os, time
def _shared():
    return next(int(l.split()[1]) >> 10 for l in open("/proc/meminfo") if l.startswith("Shmem:"))
_before, _fds, _block = _shared(), [], bytes(1 << 20)
try:
    for _n in range(96):
        _fds.append(os.memfd_create(f"m{_n}"))
        for _ in range(63):
            os.write(_fds[-1], _block)
except OSError as error:
    print(error)
time.sleep(1.0)
if _shared() - _before > 3500:
    print("GOT THROUGH: more memory than the limit")
for _fd in _fds:
    os.close(_fd)
