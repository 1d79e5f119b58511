"""Inside the jail: an ordinary IPython kernel, on sockets that were bound for it outside.

It gets five listening sockets as open files, so nothing outside needs to be writable for it, and no path that it could replace
is ever followed by the grader.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

__all__ = ["CHANNELS", "run"]

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


def run(spec: dict[str, Any], sockets: list[int], work: str) -> None:
    """K: become the kernel. Returns when it was asked to shut down."""
    os.chdir(work)
    os.environ.clear()
    os.environ.update(spec["env"])
    given = _keep_only(sockets)
    sys.path[:] = ["", *spec["path"]]
    sys.argv = ["kernel"]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    import random

    random.seed()
    sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]  # no debugger in here
    app = _app().instance(spec["connection"], given)
    app.initialize([])
    null = os.open(os.devnull, os.O_RDWR)
    for handle in (
        0,
        getattr(sys.stdout, "_original_stdstream_copy", None),
        getattr(sys.stderr, "_original_stdstream_copy", None),
    ):
        if handle is not None:
            os.dup2(null, handle)  # what could be written past the notebook's streams goes nowhere
    os.close(null)
    app.start()


def _keep_only(sockets: list[int]) -> dict[str, int]:
    """The sockets by channel; every other open file above stderr is closed."""
    low = max(sockets) + 1
    for handle in range(3, low):
        if handle not in sockets:
            try:
                os.close(handle)
            except OSError:
                pass
    os.closerange(low, 4096)
    return dict(zip(CHANNELS, sockets, strict=True))


def _app() -> Any:
    """The class is made here: nothing of ipykernel may be imported before a fork that wants to be cold."""
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    class JailedApp(IPKernelApp):
        """ipykernel's application, with sockets and connection handed to it."""

        def __init__(self, connection: dict[str, Any], given: dict[str, int]) -> None:
            super().__init__()
            self.given = given
            self.transport, self.ip = "ipc", connection["ip"]
            for channel in CHANNELS:
                setattr(self, f"{channel}_port", connection[f"{channel}_port"])
            self.session.key = connection["key"].encode()
            self.session.signature_scheme = connection["signature_scheme"]
            self.config.HistoryManager.enabled = False
            self.log_level = 50

        def init_connection_file(self) -> None:
            pass

        def write_connection_file(self, **_: Any) -> None:
            pass

        def init_heartbeat(self) -> None:
            pass  # the grader watches the process itself

        def init_crash_handler(self) -> None:
            pass

        def _bind_socket(self, socket: Any, port: int) -> int:
            channel = next(name for name in CHANNELS if getattr(self, f"{name}_port") == port)
            socket.setsockopt(zmq.USE_FD, self.given[channel])
            socket.bind(f"ipc://{self.ip}-{port}")
            return port

        def init_control(self, context: Any) -> None:
            super().init_control(context)
            self.debug_shell_socket.disconnect(self.shell_socket.getsockopt(zmq.LAST_ENDPOINT))

    return JailedApp
