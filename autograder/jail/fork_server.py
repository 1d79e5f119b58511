"""The server that forks kernels: a single-threaded process, warm (torch, Pyro and the edition imported) or cold (nothing imported).

    python -I -S -c "..." '{"socket": ..., "owner": pid, "path": [...], "warm": ["torch", ...]}'

It is started without site packages' hooks and sees nothing of the grader: not its environment, not its checks. It ends when its owner
ends, and takes every kernel with it. A kernel lives as long as the connection over which it was asked for.

Rules of fork safety, each of them measured: one thread; ``torch.set_num_threads(1)`` before any operation; no debugger; no ZeroMQ context
and no asyncio loop before the fork; ``gc.freeze()`` so that children share what was imported.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import time
from typing import Any

from . import huge_pages, launch, linux
from .limits import unbounded

__all__ = ["lives", "main"]

TICK = 1.0
IDLE = 600.0  # seconds without a kernel after which it goes; whoever needs it again starts another
FDS = 5
GATHER = (
    5  # kernels after which it is clear that there will be many: half a second of work then pays
)


def main(argument: str) -> None:
    """Serve until the owner ends."""
    options = json.loads(argument)
    sys.path[:] = options["path"]
    unbounded()  # whoever started us may have bounded itself
    if sys.platform == "linux":
        linux.adopt_orphans()
    listener = socket.socket(socket.AF_UNIX)
    if options["warm"]:
        _warm_up(options["warm"])
    old = os.umask(0o177)
    listener.bind(options["socket"])
    os.umask(old)
    listener.listen(64)
    Server(listener, options["owner"]).run()


def _warm_up(names: list[str]) -> None:
    """Import what notebooks import, and take one step of everything that imports lazily."""
    import torch

    torch.set_num_threads(1)  # before any operation
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001  (a missing extra only makes the first import in a kernel slower)
            print(f"not warmed: {name}: {type(error).__name__}: {error}", flush=True)
    with contextlib.suppress(Exception):
        _all_of("course_vi")
        _all_of("autograder.units")
        _one_step()
    torch.manual_seed(0)
    threads = len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1
    if threads != 1:
        sys.exit(
            f"{threads} threads run after the imports: a child of this process might hang, so kernels have to be cold"
        )
    import gc

    gc.collect()
    gc.freeze()


def _all_of(package: str) -> None:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        importlib.import_module(module.name)


def _one_step() -> None:
    """An optimizer and a picture: both load much when they are first used."""
    import torch
    from matplotlib.figure import Figure

    torch.optim.Adam([torch.zeros(1, requires_grad=True)]).step()
    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot([0, 1], [0, 1], label="x")
    figure.savefig(io.BytesIO(), format="png")


class Server:
    """Accepts requests, forks, and ends kernels whose asker has gone."""

    def __init__(self, listener: socket.socket, owner: int) -> None:
        self.listener, self.owner = listener, owner
        self.jobs: dict[
            int, tuple[socket.socket, int]
        ] = {}  # by the connection's file number: connection, supervisor
        self.number = self.first = os.getpid() * 1000
        self.busy = time.monotonic()
        self.poll = select.poll()
        self.poll.register(listener, select.POLLIN)
        self.owner_fd = -1
        if hasattr(os, "pidfd_open"):
            try:
                self.owner_fd = os.pidfd_open(owner)
            except ProcessLookupError:
                sys.exit(0)
            self.poll.register(self.owner_fd, select.POLLIN)

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C in a terminal is the driver's business
        while True:
            for handle, _ in self.poll.poll(TICK * 1000):
                if handle == self.owner_fd:
                    self.stop()
                elif handle == self.listener.fileno():
                    self.accept()
                elif handle in self.jobs:
                    self.hang_up(handle)
            self.reap()
            if self.jobs:
                self.busy = time.monotonic()
            if time.monotonic() - self.busy > IDLE:
                self.stop()
            if self.owner_fd < 0 and not lives(self.owner):
                self.stop()

    def accept(self) -> None:
        connection, _ = self.listener.accept()
        self.busy = time.monotonic()
        connection.settimeout(10)
        sockets: list[int] = []
        try:
            text, sockets, _, _ = socket.recv_fds(connection, 1 << 20, FDS)
            while not text.endswith(b"\n"):
                more = connection.recv(1 << 20)
                if not more:
                    raise OSError("the request ended too early")
                text += more
            spec = json.loads(text)
            if "stop" in spec:
                self.stop()
            self.number += 1
            spec["number"] = self.number
            if self.number - self.first == GATHER:
                huge_pages.gather()
            pid = launch.start(spec, sockets)
        except (OSError, ValueError, KeyError, TypeError) as error:
            _answer(connection, {"error": str(error)})
            connection.close()
            return
        finally:
            for handle in sockets:
                os.close(handle)
        _answer(connection, {"pid": pid})
        self.jobs[connection.fileno()] = (connection, pid)
        self.poll.register(connection, select.POLLIN)

    def hang_up(self, handle: int) -> None:
        """The asker closed its end: the kernel goes."""
        connection, pid = self.jobs.pop(handle)
        self.poll.unregister(handle)
        connection.close()
        _kill(pid)

    def reap(self) -> None:
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for handle, (connection, supervisor) in list(self.jobs.items()):
                if supervisor == pid:
                    del self.jobs[handle]
                    self.poll.unregister(handle)
                    connection.close()

    def stop(self) -> None:
        """End every kernel, and go."""
        for _, pid in self.jobs.values():
            _kill(pid)
        os._exit(0)


def _answer(connection: socket.socket, answer: dict[str, Any]) -> None:
    try:
        connection.sendall(json.dumps(answer).encode() + b"\n")
    except OSError:
        pass  # it only wanted to know whether we live, or it is gone: then the connection says so at the next look


def _kill(pid: int) -> None:
    """End a supervisor. In a pid namespace that ends all; elsewhere it is asked first, so that it can sweep."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def lives(pid: int) -> bool:
    """Whether there is such a process, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
