"""New namespaces, mounts, a change of root and of user.

base: solved
honest: all
stock: not run: it would change the machine
"""
# %% top
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x10000000, 0x10020000, 0x20000, 0x40000000):
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.unshare(flags) == 0 else 1)
    print("unshare", hex(flags), "GOT THROUGH" if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 else "held")
print("mount", libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None), "chroot", libc.chroot(b"/"))
for uid in (0, 1001):
    try:
        os.setuid(uid)
        print("setuid", uid, "GOT THROUGH")
    except OSError as error:
        print(type(error).__name__)
