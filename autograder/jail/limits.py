"""How much one kernel may use. Numbers only, so that they travel as JSON."""

from __future__ import annotations

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Limits", "unbounded"]

MB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds on a kernel and all that it starts.

    Attributes:
        memory: bytes that all its processes hold together; kept by a control group where there is one, else watched, ten times a
            second, by the supervisor.
        sockets: that all its processes have together: what is sent and not read lies in memory that is nobody's.
        address_space: bytes of virtual memory of one process (RLIMIT_AS).
        processes: processes and threads together (RLIMIT_NPROC).
        open_files: of one process.
        file_size: bytes of one file.
        disk: bytes in each of its three scratch folders, which are memory.
        cpu: seconds of processor time of one process.
        wall: seconds that a kernel may live, whatever it does.
    """

    memory: int = 3000 * MB
    address_space: int = 8000 * MB
    processes: int = 96
    sockets: int = 512
    open_files: int = 512
    file_size: int = 64 * MB
    disk: int = 64 * MB
    cpu: int = 900
    wall: int = 1800

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def apply(self, crowd: int = 0) -> None:
        """Bind this process, and all that it starts, by what the system's resource limits can say.

        Args:
            crowd: processes and threads that this user has outside of the jail, where the system counts those too.
        """
        if resource is None:
            return
        bounds = {"AS": self.address_space, "NPROC": crowd + self.processes, "NOFILE": self.open_files, "FSIZE": self.file_size,
                  "CPU": self.cpu, "CORE": 0, "MEMLOCK": 64 * 1024, "MSGQUEUE": 0}  # fmt: skip
        for name, value in bounds.items():
            limit = getattr(resource, f"RLIMIT_{name}", None)
            if limit is None:
                continue
            _, hard = resource.getrlimit(limit)
            bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
            try:
                resource.setrlimit(limit, (bounded, bounded))
            except (ValueError, OSError):
                if name != "AS":  # macOS refuses some; the self-test tells what holds
                    continue


def unbounded() -> None:
    """Take back a soft limit on address space that was inherited."""
    if resource is not None:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
