"""One share of the processors for each job, however many processes it has.

Where the scheduler shares by session (autogroup) or by control group, that is so already, because a kernel cannot leave its session.
Elsewhere a job of many busy threads is lowered in priority until they weigh as much together as one thread of an honest neighbour: the
scheduler gives a thread 1.25 times the share of one that is a step nicer.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable

__all__ = ["busy", "lower", "niceness"]

STEP, NICEST = 1.25, 19


def niceness(threads: int) -> int:
    """How nice each of so many busy threads has to be for all of them to weigh as one.

    >>> [niceness(number) for number in (0, 1, 2, 10, 85)]
    [0, 0, 4, 11, 19]
    """
    return min(NICEST, math.ceil(math.log(max(1, threads), STEP)))


def busy(pids: Iterable[int]) -> list[int]:
    """The threads of these processes that are running or ready to run."""
    found = []
    for pid in pids:
        try:
            for name in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{name}/stat") as file:
                    if file.read().rpartition(")")[2].split()[0] == "R":
                        found.append(int(name))
        except (OSError, IndexError, ValueError):
            continue
    return found


def lower(pids: Iterable[int]) -> int:
    """Make the busy threads of a job as nice as their number asks for, and never less nice; returns the niceness."""
    threads = busy(pids)
    wanted = niceness(len(threads))
    for thread in threads if wanted else ():
        try:
            if os.getpriority(os.PRIO_PROCESS, thread) < wanted:
                os.setpriority(os.PRIO_PROCESS, thread, wanted)
        except (ProcessLookupError, PermissionError):
            continue
    return wanted
