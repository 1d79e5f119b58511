"""No attack: one process holds 1.2 GB, and forty children share it without a copy.

base: solved
honest: all
stock: run
"""
# %% top
import os, signal, time
_held = b"x" * (1200 << 20)
_children = []
for _ in range(40):
    _child = os.fork()
    if _child == 0:
        time.sleep(3)
        os._exit(0)
    _children.append(_child)
time.sleep(2)
for _child in _children:
    os.kill(_child, signal.SIGKILL)
    os.waitpid(_child, 0)
del _held
