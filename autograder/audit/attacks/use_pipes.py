"""Pipes made as large as they go, and pages given to them that are then unmapped.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import ctypes, fcntl, os
_libc, _held = ctypes.CDLL(None, use_errno=True), []
_block = ctypes.create_string_buffer(1 << 20)
class _Part(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t)]
try:
    for _ in range(200):
        _held.append(os.pipe())
        try:
            fcntl.fcntl(_held[-1][1], 1031, 1 << 20)
            print("GOT THROUGH: a large pipe")
        except OSError:
            pass
        _part = _Part(ctypes.addressof(_block), 4096)
        if _libc.vmsplice(_held[-1][1], ctypes.byref(_part), ctypes.c_size_t(1), 8) > 0:
            print("GOT THROUGH: pages given away")
            break
except OSError as error:
    print(error)
for _pair in _held:
    os.close(_pair[0]), os.close(_pair[1])
