"""The grader's own process, bounded while it deals with a submission: what arrives may be made to be large where it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

__all__ = ["MORE", "bounded"]

MORE = 4 << 30  # bytes of address space, beyond what the process has


@contextmanager
def bounded(more: int = MORE) -> Iterator[None]:
    """Within, this process may grow by so many bytes; more is a ``MemoryError``, and costs one submission its grade but not the batch.

    The limit is a soft one, of this process alone: a server of kernels that is started within takes it back.
    """
    now = _address_space()
    if resource is None or not now:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [now + more, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    """Bytes of it that this process has; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
