"""Cheaper forks: what a server of kernels has loaded is gathered in huge pages.

A fork copies a table with an entry for each page, and three are made for a kernel. With 4 KB pages a server that has imported torch and
Pyro has 75,000 of them; gathered in pages of 2 MB a bare fork took 10 ms where it took 34 (measured side by side). What a kernel then
changes is still copied 4 KB at a time, so it holds no more memory of its own than before.
"""

from __future__ import annotations

import ctypes

__all__ = ["gather"]

HUGE = 2 << 20
COLLAPSE = 25  # MADV_COLLAPSE, since Linux 6.1


def gather() -> int:
    """Ask the system to put this process's own memory into huge pages; returns how many it made. Nothing changes where it cannot."""
    madvise = ctypes.CDLL(None, use_errno=True).madvise
    madvise.argtypes = [ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
    made = 0
    for start, end in _own():
        for address in range(-(-start // HUGE) * HUGE, end // HUGE * HUGE, HUGE):
            made += madvise(address, HUGE, COLLAPSE) == 0
    return made


def _own() -> list[tuple[int, int]]:
    """Memory that is ours to write and belongs to no file."""
    found = []
    try:
        with open("/proc/self/maps") as maps:
            for line in maps:
                place, rights, _, _, _, *name = line.split()
                if rights == "rw-p" and (not name or name[0] == "[heap]"):
                    start, end = place.split("-")
                    found.append((int(start, 16), int(end, 16)))
    except OSError:
        pass  # not Linux: there is no such list
    return found
