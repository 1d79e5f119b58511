"""Where jupyter_client meets the jail: a kernel provisioner that asks a server to fork, instead of starting a program.

A kernelspec asks for it by name, ``course-vi-jail`` (an entry point of this package)::

    {"argv": ["python"], "display_name": "jailed", "language": "python",
     "metadata": {"kernel_provisioner": {"provisioner_name": "course-vi-jail", "config": {"unit": "03_elbo", "level": "namespaces"}}}}
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from jupyter_client.provisioning import LocalProvisioner
from traitlets import Bool, Dict, Unicode

from . import control_group
from .fork_client import Parent, environment, runtime_dir
from .kernel import CHANNELS
from .limits import Limits

__all__ = ["NAME", "JailProvisioner"]

NAME = "course-vi-jail"


class Handle:
    """As much of ``subprocess.Popen`` as jupyter_client needs, for a process that is not our child."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1

    def poll(self) -> int | None:
        """None while it runs."""
        if self.returncode is None and self._ended(0):
            self.returncode = -1
            if self.handle >= 0:
                os.close(self.handle)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        if self.returncode is None:
            self._ended(timeout)
        return self.poll()

    def _ended(self, timeout: float | None) -> bool:
        if self.handle >= 0:
            poll = select.poll()
            poll.register(self.handle, select.POLLIN)
            return bool(poll.poll(None if timeout is None else 1000 * timeout))
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def send_signal(self, number: int) -> None:
        if number == signal.SIGKILL:
            number = (
                signal.SIGTERM
            )  # the supervisor ends everything and says why; ``end`` makes sure of it
        if self.poll() is None:
            try:
                if self.handle >= 0:
                    signal.pidfd_send_signal(self.handle, number)
                else:
                    os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        self.send_signal(signal.SIGTERM)

    terminate = kill

    def end(self) -> None:
        """Gone when this returns."""
        self.kill()
        if self.wait(3) is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.wait(3)


class JailProvisioner(LocalProvisioner):
    """Launches a kernel of a unit at a level of the jail.

    Attributes:
        room: the folder that kernels import from first (``autograder.execution.closed_book.room``).
        level: ``namespaces``, ``uid`` or ``rlimits``.
        warm: fork from a process that has imported torch and Pyro.
        settings: environment variables of the kernel, besides those that every kernel gets.
    """

    room = Unicode(config=True)
    level = Unicode("namespaces", config=True)
    warm = Bool(True, config=True)
    limits = Dict(config=True)
    settings = Dict(config=True)
    job: Path | None = None
    connection: socket.socket | None = None
    parent_process: Parent | None = None
    group: control_group.Group | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        _, folder = runtime_dir()
        self.job = Path(tempfile.mkdtemp(prefix="j-", dir=folder))
        manager: Any = self.parent
        manager.transport, manager.ip = "ipc", str(self.job / "s")
        for number, channel in enumerate(CHANNELS, 1):
            setattr(manager, f"{channel}_port", number)
        manager.cache_ports = False
        manager.connection_file = str(self.job / "connection.json")
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        assert self.job is not None
        info = dict(self.connection_info)
        key = info["key"].decode() if isinstance(info["key"], bytes) else info["key"]
        connection = {
            "ip": str(self.job / "s"),
            "key": key,
            "signature_scheme": info.get("signature_scheme", "hmac-sha256"),
            **{f"{channel}_port": number for number, channel in enumerate(CHANNELS, 1)},
        }
        self.parent_process = Parent(Path(self.room), self.warm)
        if (
            self.level == "uid"
        ):  # another user must be able to pass through, though not to look around
            for folder in (self.job.parent, self.job):
                folder.chmod(0o711)
        limits, above = Limits(**self.limits), control_group.parent()
        if above is not None:
            self.group = control_group.Group.make(
                above, f"{self.job.parent.name}-{self.job.name}", limits
            )
        home = "/home" if self.level == "namespaces" else str(self.job / "work")
        views = [sys.base_prefix, sys.prefix, *self.parent_process.path]
        spec = {
            "level": self.level,
            "limits": limits.as_json(),
            "group": str(self.group.folder) if self.group else "",
            "connection": connection,
            "job": str(self.job),
            "cwd": os.path.abspath(kwargs["cwd"]) if kwargs.get("cwd") else "",
            "env": {**environment(home), **self.settings},
            "path": self.parent_process.path,
            "views": [view for view in dict.fromkeys(views) if view not in ("/usr", "/")],
            "hidden": hidden(),
        }
        listening = [
            _listen(f"{connection['ip']}-{number}") for number, _ in enumerate(CHANNELS, 1)
        ]
        try:
            self.connection, pid = self.parent_process.ask(
                spec, [one.fileno() for one in listening]
            )
        finally:
            for one in listening:
                one.close()
        self.process = cast(Any, Handle(pid))
        self.pid, self.pgid, self.cwd = pid, None, kwargs.get("cwd")
        return self.connection_info

    def reason(self) -> str:
        """Why the kernel ended, in the supervisor's words; empty if nobody knows."""
        if self.job is None:
            return ""
        try:
            return (self.job / "exit").read_text(errors="replace").strip()[:300]
        except OSError:
            return ""

    def server_lives(self) -> bool:
        return self.parent_process is not None and self.parent_process.alive()

    async def wait(self) -> int | None:
        """Until the kernel has ended: told by the system, where jupyter_client looks every tenth of a second."""
        if self.process:
            cast(Any, self.process).wait(3)
        return await super().wait()

    async def cleanup(self, restart: bool = False) -> None:
        if self.process:
            cast(Any, self.process).end()
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        if self.group is not None:
            self.group.remove()
            self.group = None
        await super().cleanup(restart)
        if self.job is not None and not restart:
            shutil.rmtree(self.job, ignore_errors=True)


def hidden() -> list[str]:
    """Installed copies of what must not be seen: another ``autograder`` with its checks, another ``course_vi`` with its answers."""
    import sysconfig

    paths = sysconfig.get_paths()
    return [
        f"{paths[kind]}/{name}"
        for kind in ("purelib", "platlib")
        for name in ("autograder", "course_vi")
    ]


def _listen(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    listener.setblocking(False)
    return listener
