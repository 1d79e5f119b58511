"""What the supervisor does while a kernel runs: watch the clock, the memory and its share of the processors, forward interrupts, and
leave nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import time

from . import control_group, fair_share, memory
from .limits import Limits

__all__ = ["job_uid", "threads_of", "watch"]

LOOK = 0.1  # seconds between two looks at the memory
SHARES = 1.0  # and at who is busy


def job_uid(number: int) -> int:
    """A user id that nobody has, of its own for each job, so that RLIMIT_NPROC counts that job alone."""
    try:
        with open("/proc/self/uid_map") as file:
            length = max(int(line.split()[2]) for line in file)
    except OSError:
        length = 1 << 16
    return (
        1_000_000_000 + number % 500_000_000
        if length >= 1_600_000_000
        else 20_000 + number % 40_000
    )


def watch(
    kernel: int, limits: Limits, verdict: int, level: str, uid: int | None, events: int = -1
) -> None:
    """Wait for the kernel's end; write its reason to ``verdict``; end all that it started. Does not return.

    Args:
        events: ``memory.events`` of the job's control group, open for reading; -1 if it has none.
    """
    signal.signal(signal.SIGINT, lambda *_: _tell(kernel, signal.SIGINT))
    signal.signal(signal.SIGTERM, lambda *_: _tell(kernel, signal.SIGKILL))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if hasattr(signal, "sigtimedwait"):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    end, reason = time.monotonic() + limits.wall, ""
    held, shares = memory.Memory(memory.mapped(kernel), limits.memory), time.monotonic() + SHARES
    nap = 0.01
    while True:
        ended = _reap(kernel)
        if ended is not None:
            if not reason and events >= 0:
                told = os.pread(events, 4096, 0).decode()
                reason = _memory(limits) if control_group.out_of_memory(told) else ""
            reason = reason or _describe(ended)
            break
        if not reason and time.monotonic() > end:
            reason = f"it ran longer than the {limits.wall} s that a kernel may live"
            _tell(kernel, signal.SIGKILL)
        if not reason and sys.platform == "linux" and nap >= LOOK:
            pids = _processes(level, uid, kernel)
            if events < 0 and held.too_much(pids):
                reason = _memory(limits)
                _tell(kernel, signal.SIGKILL)
            elif level == "namespaces" and memory.sockets() > limits.sockets:
                reason = f"it opened more than the {limits.sockets} sockets that a kernel may have"
                _tell(kernel, signal.SIGKILL)
            elif events < 0 and time.monotonic() > shares:
                fair_share.lower(pids)
                shares = time.monotonic() + SHARES
        if hasattr(signal, "sigtimedwait"):
            signal.sigtimedwait([signal.SIGCHLD], nap)  # wakes at once when a child ends
        else:
            time.sleep(nap)
        nap = min(LOOK, 2 * nap)
    os.write(verdict, (reason + "\n").encode())
    if level != "namespaces":  # there, the end of this process is the end of all
        _sweep(level, uid, kernel)
    os._exit(0)


def _reap(kernel: int) -> int | None:
    """Collect every child that ended; the kernel's exit code if it was among them (negative: a signal)."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if pid == 0:
            return None
        if pid == kernel:
            return os.waitstatus_to_exitcode(status)


def _memory(limits: Limits) -> str:
    return f"it used more than the {limits.memory >> 20} MB of memory that a kernel may have"


def _describe(code: int) -> str:
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"it was ended by {name}"
    return f"it ended itself with exit code {code}"


def _tell(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _processes(level: str, uid: int | None, kernel: int) -> list[int]:
    """All processes of the job, as far as this level can know them."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    if level == "namespaces":
        return [pid for pid in pids if pid != os.getpid()]
    if uid is not None:
        return [pid for pid in pids if _owner(pid) == uid]
    return _descendants(pids)


def _owner(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def threads_of(uid: int) -> int:
    """How many processes and threads a user has on this machine, as RLIMIT_NPROC counts them."""
    count = 0
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if name.isdigit() and _owner(int(name)) == uid:
            try:
                count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return count


def _descendants(pids: list[int]) -> list[int]:
    """Children of this process and theirs; orphans are ours (``adopt_orphans``)."""
    parents: dict[int, int] = {}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as file:
                parents[pid] = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
    found, new = [], [os.getpid()]
    while new:
        new = [pid for pid, parent in parents.items() if parent in new]
        found += new
    return found


def _sweep(level: str, uid: int | None, kernel: int) -> None:
    """End what the kernel left behind."""
    if uid is not None:
        child = os.fork()
        if child == 0:  # as that user, so that nothing else can be hit
            os.setresuid(uid, uid, uid)
            try:
                os.kill(-1, signal.SIGKILL)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        return
    try:
        os.killpg(kernel, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    if sys.platform != "linux":
        return
    for _ in range(100):
        left = _processes(level, uid, kernel)
        if not left:
            return
        for pid in left:
            _tell(pid, signal.SIGKILL)
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break
        time.sleep(0.01)
