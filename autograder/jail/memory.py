"""How much memory the processes of one job hold together, told without a control group.

What is mapped is counted by process, and pages that several share are counted once for each of them: an upper bound, cheap to read. Only
when it exceeds the limit is the true number asked for (proportional shares, ``smaps_rollup``), which takes the system 5 to 30 ms for a
process that has loaded PyTorch. The job stands still meanwhile, or it would outgrow the measurement, and then runs as long at least.
Memory that is mapped nowhere (memfds, segments, pipes, large socket buffers) cannot be made in a kernel: ``seccomp`` refuses it; sockets
with buffers of the ordinary size are counted.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable

__all__ = ["Memory", "mapped", "sockets"]

MAPPED = ("RssAnon", "RssShmem", "VmSwap", "VmPTE")
REST = 0.25  # seconds
SHARES = ("Pss_Anon", "Pss_Shmem", "SwapPss")


class Memory:
    """Of one job: looks often, measures when it must.

    Args:
        baseline: bytes that a process has mapped already when it is forked, and that belong to whoever forked it.
    """

    def __init__(self, baseline: int, limit: int) -> None:
        self.baseline, self.limit = baseline, limit
        self.rest = 0.0  # until when the job may run before it is measured again

    def too_much(self, pids: Iterable[int]) -> bool:
        """Whether these processes hold more than the limit."""
        held = {pid: max(0, mapped(pid) - self.baseline) for pid in pids}
        start = time.monotonic()
        if sum(held.values()) <= self.limit or start < self.rest:
            return False
        for pid in held:
            _send(pid, signal.SIGSTOP)
        try:
            return self._exceeds(held)
        finally:
            for pid in held:
                _send(pid, signal.SIGCONT)
            end = time.monotonic()
            self.rest = end + max(REST, end - start)

    def _exceeds(self, held: dict[int, int]) -> bool:
        total = 0
        for pid in sorted(held, key=lambda pid: -held[pid]):
            share = _share(pid)
            total += held[pid] if share is None else share
            if total > self.limit:
                return True
        return False


def mapped(pid: int) -> int:
    """Bytes that a process has mapped and that no file holds, its page tables included. 0 if it is gone."""
    return sum(_numbers(f"/proc/{pid}/status", MAPPED) or [0])


def _share(pid: int) -> int | None:
    """Its proportional share of them; None where the system does not tell."""
    shares = _numbers(f"/proc/{pid}/smaps_rollup", SHARES)
    if not shares:
        return None
    return sum(shares) + sum(_numbers(f"/proc/{pid}/status", ("VmPTE",)))


def sockets() -> int:
    """How many sockets there are in this network namespace."""
    try:
        with open("/proc/net/sockstat") as file:
            return int(file.readline().split()[-1])
    except (OSError, ValueError, IndexError):
        return 0


def _numbers(path: str, names: tuple[str, ...]) -> list[int]:
    try:
        with open(path) as file:
            lines = [line.split() for line in file]
    except OSError:
        return []
    return [int(line[1]) << 10 for line in lines if len(line) == 3 and line[0].rstrip(":") in names]


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
