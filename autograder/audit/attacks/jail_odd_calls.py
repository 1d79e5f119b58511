"""Every system call that is not needed is tried by its number, those that are not known yet among them.

base: solved
honest: all
stock: not run: it speaks to the system of whoever runs it
"""
# %% top
import ctypes, os
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = {"x86_64": (425, 321, 323, 298, 253, 294, 319, 447, 250, 248, 300, 303, 312, 310, 317, 444, 428, 430, 272, 155, 175, 139, 135, 154),
            "aarch64": (425, 280, 282, 241, 26, 279, 447, 219, 217, 262, 264, 272, 270, 277, 444, 428, 430, 97, 41)}
for _number in (*_numbers.get(os.uname().machine, ()), *range(451, 480)):
    if _libc.syscall(_number, 0, 0, 0, 0, 0, 0) >= 0:
        print("GOT THROUGH: call", _number)
