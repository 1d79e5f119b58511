"""System V segments, and queues of messages, filled and left.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import ctypes
_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmat.restype = ctypes.c_void_p
for _n in range(60):
    _id = _libc.shmget(0, 64 << 20, 0o1600)
    if _id < 0:
        break
    print("GOT THROUGH: a segment")
    _at = _libc.shmat(_id, None, 0)
    ctypes.memset(_at, 1, 64 << 20)
    _libc.shmdt(ctypes.c_void_p(_at))
if _libc.msgget(0, 0o1600) >= 0:
    print("GOT THROUGH: a queue")
