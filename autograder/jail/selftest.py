"""What holds in a level is not believed but tried: small attacks, run in a kernel of that level before each batch."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from typing import Any

__all__ = ["ATTACKS", "PROTECTIONS", "try_level"]

# name: (what is protected, in words; what the attack does, as an expression or a function body that returns True if it got through)
ATTACKS: dict[str, tuple[str, str]] = {
    "course": (
        "solutions, checks and the answers of the corpus",
        """
for path in KNOWN["course"]:
    if os.path.isdir(path) and os.listdir(path):
        return True
""",
    ),
    "gradebook": (
        "the gradebook, the secret and what others handed in",
        """
for path in KNOWN["class"]:
    try:
        open(path).close()
        return True
    except OSError:
        pass
""",
    ),
    "neighbours": (
        "other kernels, and the parent that forks them",
        """
try:
    return len(os.listdir(KNOWN["runtime"])) > 1 + KNOWN["inside"]
except OSError:
    return False
""",
    ),
    "processes": (
        "other processes",
        """
try:
    os.kill(KNOWN["grader"], 0)
    return True
except OSError:
    return False
""",
    ),
    "network": (
        "the network",
        """
try:
    socket.create_connection(("127.0.0.1", KNOWN["port"]), 2).close()
    return True
except OSError:
    return False
""",
    ),
    "system": (
        "the system's files, Python and the edition",
        """
for folder in KNOWN["system"]:
    try:
        open(os.path.join(folder, "vi_selftest"), "w").close()
        os.unlink(os.path.join(folder, "vi_selftest"))
        return True
    except OSError:
        pass
""",
    ),
    "nested": (
        "the kernel's namespaces: no user can make itself root in a new one",
        """
import ctypes
child = os.fork()
if child == 0:
    os._exit(0 if ctypes.CDLL(None).unshare(0x10000000) == 0 else 1)
return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
""",
    ),
    "memory": (
        "memory",
        """
try:
    bytearray(KNOWN["address_space"] + 1)
    return True
except MemoryError:
    return False
""",
    ),
    "processes_number": (
        "the number of processes",
        """
stop, threads = threading.Event(), []
try:
    for _ in range(KNOWN["most"] + 8):
        thread = threading.Thread(target=stop.wait, daemon=True)
        thread.start()
        threads.append(thread)
    return True
except RuntimeError:
    return False
finally:
    stop.set()
    for thread in threads:
        thread.join()
""",
    ),
    "disk": (
        "the disk",
        """
try:
    with open("vi_selftest", "wb") as file:
        for _ in range(KNOWN["file_size"] // (1 << 20) + 1):
            file.write(bytes(1 << 20))
    return True
except OSError:
    return False
finally:
    os.unlink("vi_selftest")
""",
    ),
    "keyring": (
        "the grader's keys",
        """
import ctypes
serial = ctypes.CDLL(None).syscall(KNOWN["keyctl"], 0, -3, 0) if KNOWN["keyctl"] else 0
return serial > 0 and serial == KNOWN["keyring"]
""",
    ),
    "supervisor": (
        "the supervisor's priority, processors and limits",
        """
import resource
above = os.getppid()
for attempt in (
    lambda: os.setpriority(os.PRIO_PROCESS, above, 19),
    lambda: os.sched_setaffinity(above, os.sched_getaffinity(above)),
    lambda: os.sched_setscheduler(above, os.SCHED_IDLE, os.sched_param(0)),
    lambda: resource.prlimit(above, resource.RLIMIT_CPU),
):
    try:
        attempt()
        return True
    except OSError:
        pass
""",
    ),
    "kernel_memory": (
        "memory that is mapped nowhere",
        """
import ctypes, mmap
left, right = socket.socketpair()
for attempt in (
    lambda: os.memfd_create("vi_selftest"),
    lambda: mmap.mmap(-1, 4096),
    lambda: left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20),
):
    try:
        attempt()
        return True
    except OSError:
        pass
return ctypes.CDLL(None).shmget(0, 4096, 0o1600) >= 0
""",
    ),
    "calls": (
        "the system calls in which most holes are found, and sockets that no namespace holds",
        """
import ctypes
for family in (40, 38, 17):
    try:
        socket.socket(family, socket.SOCK_STREAM).close()
        return True
    except OSError:
        pass
libc = ctypes.CDLL(None)
numbers = (425, 321, 323, 298) if os.uname().machine == "x86_64" else (425, 280, 282, 241)
return libc.inotify_init() >= 0 or any(libc.syscall(number, 1, 0, 0, 0, 0) >= 0 for number in numbers)
""",
    ),
    "locks": (
        "files that all kernels see, from being used to signal",
        """
import fcntl
for lock in (fcntl.flock, fcntl.lockf):
    try:
        with open(os.__file__) as file:
            lock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return True
    except OSError:
        pass
""",
    ),
    "share": (
        "the share of the processors that others have",
        """
child = os.fork()
if child == 0:
    try:
        os.setsid()
        os._exit(0)
    except OSError:
        os._exit(1)
return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
""",
    ),
}
PROTECTIONS = tuple(ATTACKS)


def try_level(run: Callable[[str], str], known: dict[str, Any]) -> tuple[set[str], dict[str, str]]:
    """Run the attacks; returns what is protected, and of the rest what came.

    Args:
        run: executes Python source in a kernel of the level and returns what it printed.
        known: what an attacker could know: paths, pids, limits. A port that listens is added here.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(4)
        text = run(_program({**known, "port": listener.getsockname()[1], "grader": os.getpid()}))
    try:
        told = json.loads(text.strip().splitlines()[-1])
    except (ValueError, IndexError):
        told = None
    if not isinstance(told, dict):
        return set(), {"all": f"the self-test did not come back: {text[-200:]!r}"}
    protects = {name for name in ATTACKS if told.get(name) == "held"}
    return protects, {name: str(told.get(name)) for name in ATTACKS if name not in protects}


def _program(known: dict[str, Any]) -> str:
    parts = [
        "import json, os, signal, socket, threading",
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
    ]
    parts += [f"KNOWN = {known!r}", "told = {}"]
    for name, (_, attack) in ATTACKS.items():
        body = "\n".join("        " + line for line in attack.strip("\n").splitlines())
        parts.append(f"""
def _attack():
    def attempt():
{body}
    try:
        return "got through" if attempt() else "held"
    except BaseException as error:
        return f"{{type(error).__name__}}: {{error}}"
told[{name!r}] = _attack()""")
    return "\n".join([*parts, "print(json.dumps(told))"])
