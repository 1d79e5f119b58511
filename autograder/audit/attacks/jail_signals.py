"""The supervisor is stopped, and sent signals without pause, while memory is taken.

base: solved
honest: all
stock: not run: there is no supervisor
"""
# %% top
import os, signal, time
for _ in range(3):
    if os.fork() == 0:
        _end = time.time() + 5
        while time.time() < _end:
            for _number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGCHLD, signal.SIGALRM, signal.SIGUSR1):
                try:
                    os.kill(1, _number)
                except OSError:
                    pass
        os._exit(0)
_held = []
try:
    while True:
        _held.append(b"x" * (50 << 20))
        time.sleep(0.02)
except (MemoryError, KeyboardInterrupt):
    pass
