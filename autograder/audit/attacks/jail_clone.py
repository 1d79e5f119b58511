"""Namespaces by the newer call for processes, whose flags no filter sees, and by the older.

base: solved
honest: all
stock: not run: it speaks to the system of whoever runs it
"""
# %% top
import ctypes, os
_libc = ctypes.CDLL(None, use_errno=True)
_arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)  # CLONE_NEWUSER, SIGCHLD
_newer = _libc.syscall(435, _arguments, 88)
if _newer == 0:
    os._exit(0)
_older = _libc.syscall(56 if os.uname().machine == "x86_64" else 220, 0x10000000 | 17, 0, 0, 0, 0)
if _older == 0:
    os._exit(0)
if max(_newer, _older) > 0:
    print("GOT THROUGH: a user namespace")
