"""Files that all kernels see are locked and watched: a channel between neighbours.

base: solved
honest: all
stock: run
"""
# %% top
import ctypes, fcntl, os, course_vi
_file = os.open(course_vi.__file__, os.O_RDONLY)
try:
    fcntl.flock(_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print("GOT THROUGH: locked")
except OSError as error:
    print(error)
_libc = ctypes.CDLL(None, use_errno=True)
if _libc.inotify_init1(0x800) >= 0:
    print("GOT THROUGH: watched")
