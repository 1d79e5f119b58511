"""The same with locks of processes and of open files, leases, and notices of a folder.

base: solved
honest: all
stock: run
"""
# %% top
import fcntl, os, struct, course_vi
_file, _folder = os.open(course_vi.__file__, os.O_RDONLY), os.open(os.path.dirname(course_vi.__file__), os.O_RDONLY)
_lock = struct.pack("hhqqi4x", 0, 0, 0, 0, 0)
for _handle, _command, _argument in (
    (_file, 6, _lock), (_file, 5, _lock), (_file, 37, _lock), (_file, 36, _lock),
    (_file, 1024, 0), (_folder, 1026, 0x80000001),
):
    try:
        fcntl.fcntl(_handle, _command, _argument)
        print("GOT THROUGH", _command)
    except OSError as error:
        print(_command, error)
