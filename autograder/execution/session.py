"""A jailed kernel and the little that a grader does with one: run a cell, ask for bytes, interrupt, end.

It polls the kernel's sockets itself, in short waits, so that no message can be missed; what is too large is refused by the socket, before
it is received, and what would take too long to read by ``messages``. Time, memory and life are looked at in every wait, whatever
arrives. Whatever happens in the kernel becomes a value or one of two exceptions here: ``KernelLost`` (the notebook's doing, with the
reason) or ``ParentError`` (ours: nobody may lose a mark by it).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, cast

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from autograder.checks.probe import LearnerError, expression, reply_bytes
from autograder.execution import messages
from autograder.execution.outputs import Outputs
from autograder.jail.fork_client import ParentError
from autograder.jail.provisioner import NAME, JailProvisioner
from autograder.protocol import wire

__all__ = ["KernelLost", "Ran", "Session", "resident"]

MAX_REPLY, MAX_OUTPUT = (
    messages.CONTENT,
    8 << 20,
)  # bytes of one message on the shell and on the output channel
LOOK = 0.2  # seconds of one wait
GRACE = 3.0  # seconds between an interrupt and the end
SETTLE = 2.0  # seconds that outputs may come after the reply
FLOOD = (
    1 << 30
)  # bytes by which one kernel may make the grader grow: a message may have any number of parts


PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class KernelLost(Exception):
    """The kernel is gone, or does not answer even to an interrupt. The message says what is known about why."""


@dataclass
class Ran:
    """What came of a cell."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    ok: bool = True
    timed_out: bool = False
    error: str = ""


class CappedClient(BlockingKernelClient):
    """A client whose sockets refuse what is too large, and hold few messages."""

    def _create_connected_socket(self, channel: str, identity: bytes | None = None) -> Any:
        self.context.setsockopt(
            zmq.MAXMSGSIZE, MAX_OUTPUT if channel == "iopub" else MAX_REPLY
        )  # of sockets made from here on
        self.context.setsockopt(zmq.RCVHWM, 64)
        return super()._create_connected_socket(channel, identity)


class Session:
    """One kernel, from start to end.

    Args:
        room: the edition that it imports from.
        level: of the jail.
        warm: fork from a warm parent.
        cwd: files beside the notebook, copied in.
        limits: overrides of ``Limits``.
        settings: environment variables of the kernel.
    """

    def __init__(
        self,
        room: Path,
        level: str = "namespaces",
        warm: bool = True,
        cwd: str | None = None,
        limits: dict[str, int] | None = None,
        startup: float = 120.0,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.cwd, self.startup = cwd, startup
        KernelProvisionerFactory.instance().provisioners.setdefault(
            NAME,
            EntryPoint(
                NAME,
                f"{JailProvisioner.__module__}:JailProvisioner",
                KernelProvisionerFactory.GROUP_NAME,
            ),
        )
        config = {
            "room": str(room),
            "level": level,
            "warm": warm,
            "limits": dict(limits or {}),
            "settings": dict(settings or {}),
        }
        self.manager = KernelManager(kernel_name="course-vi")
        self.manager._kernel_spec = KernelSpec(
            argv=["python"],
            display_name="jailed",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": NAME, "config": config}},
        )
        self.client: Any = None
        self.last_words = ""
        self._resident = resident()
        self._idle = (
            "",
            0.0,
        )  # the request after which the kernel last said that it was idle, and when

    def __enter__(self) -> Session:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------ beginning and end

    def start(self) -> None:
        """Start the kernel; ``ParentError`` if that fails: no line of a learner's code has run yet."""
        self.manager.start_kernel(cwd=self.cwd)
        self.client = CappedClient(**self.manager.get_connection_info(session=True))
        self.client.start_channels(shell=True, iopub=True, stdin=False, hb=False, control=False)
        self.client.allow_stdin = False
        end = time.monotonic() + self.startup
        while time.monotonic() < end:
            number = self.client.kernel_info()
            try:
                if self._reply(number, min(end, time.monotonic() + 5.0)) is None:
                    continue
            except KernelLost as lost:
                raise ParentError(f"the kernel did not start: {lost}\n{self.last_words}") from None
            if self._hears(number):
                return
        self.close()
        raise ParentError(f"the kernel did not answer within {self.startup:g} s of its start")

    def _hears(self, number: str) -> bool:
        """Whether outputs arrive: a subscription takes effect a moment after the connection."""
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            message = self._output(0.1)
            if message is not None and message["parent_header"].get("msg_id") == number:
                return True
        return False

    def close(self) -> None:
        """End the kernel and everything it started, and remove its folder."""
        if self.client is not None:
            self.client.stop_channels()
            self.client = None
        with contextlib.suppress(RuntimeError, OSError):
            if self.manager.has_kernel:
                self.manager.shutdown_kernel(now=True)
        with contextlib.suppress(RuntimeError, OSError):
            self.manager.cleanup_resources()

    @property
    def provisioner(self) -> JailProvisioner:
        return cast(JailProvisioner, self.manager.provisioner)

    def alive(self) -> bool:
        handle = self.provisioner.process
        return handle is not None and handle.poll() is None

    def _log(self) -> str:
        try:
            return (Path(str(self.provisioner.job)) / "log").read_text(errors="replace")[-1500:]
        except OSError:
            return ""

    # ------------------------------------------------------------------ what is done with it

    def run(self, source: str, timeout: float, outputs: Outputs | None = None) -> Ran:
        """Run a cell. An error of the learner's is part of the result; ``KernelLost`` if the kernel went with it."""
        kept = Outputs() if outputs is None else outputs
        number = self.client.execute(
            source, store_history=True, allow_stdin=False, stop_on_error=False
        )
        ran = Ran()
        end = time.monotonic() + timeout
        reply = self._reply(number, end, kept.take)
        if reply is None:
            ran.timed_out = True
            ran.error = f"it was still running after {timeout:g} s and was interrupted"
            self.interrupt()
            if self._reply(number, time.monotonic() + GRACE, kept.take) is None:
                self._give_up(f"it ran for more than {timeout:g} s and did not heed an interrupt")
        kept.cut |= not self._settle(number, kept.take)
        ran.outputs = kept.done()
        content = {} if reply is None else reply["content"]
        if _asks_for_the_end(content):  # it ends a moment later, in the midst of something else
            self._give_up("it was asked to end, by exit() or quit()")
        ran.ok = reply is not None and content.get("status") == "ok"
        if not ran.ok and not ran.timed_out:
            ran.error = f"{content.get('ename', 'Error')}: {content.get('evalue', '')}"[:500]
            if not any(output["output_type"] == "error" for output in ran.outputs):
                ran.outputs.append(
                    kept.error(
                        str(content.get("ename", "Error")),
                        str(content.get("evalue", "")),
                        content.get("traceback"),
                    )
                )
        if ran.timed_out:
            ran.outputs.append(kept.error("TimeLimit", ran.error))
        return ran

    def ask(self, request: bytes, name: str, timeout: float) -> bytes:
        """The learner's function, called through ``autograder.protocol.agent`` in the kernel: bytes in, bytes out."""
        number = self.client.execute(
            "",
            silent=True,
            store_history=False,
            allow_stdin=False,
            user_expressions={"reply": expression(request, name)},
        )
        start = time.monotonic()
        while time.monotonic() < start + timeout:
            reply = self._reply(number, min(start + timeout, time.monotonic() + 1.0))
            if reply is not None:
                sent = reply_bytes(reply["content"])
                if wire.too_large(sent):
                    raise LearnerError(
                        "UnreadableReply", "what came back is far larger than what was asked"
                    )
                return sent
            if self._idle[0] == number and time.monotonic() - self._idle[1] > 5.0:
                self._give_up(
                    "its reply to the check never arrived; it was larger than any right one can be, or was withheld"
                )
        self.interrupt()
        if self._reply(number, time.monotonic() + GRACE) is None:
            self._give_up(
                f"a call of {name} ran for more than {timeout:g} s and did not heed an interrupt"
            )
        raise LearnerError("TimeLimit", f"a call of {name} was still running after {timeout:g} s")

    def interrupt(self) -> None:
        with contextlib.suppress(RuntimeError, OSError):
            self.manager.interrupt_kernel()

    def _give_up(self, why: str) -> None:
        self.close()
        raise KernelLost(why)

    # ------------------------------------------------------------------ messages

    def _reply(
        self, number: str, end: float, take: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any] | None:
        """The reply to a request, outputs handed to ``take`` meanwhile; None when time is up; ``KernelLost`` when the kernel is."""
        shell, iopub = self.client.shell_channel, self.client.iopub_channel
        poller = zmq.Poller()
        poller.register(shell.socket, zmq.POLLIN)
        poller.register(iopub.socket, zmq.POLLIN)
        while True:
            left = end - time.monotonic()
            ready = dict(poller.poll(int(1000 * max(0.0, min(LOOK, left)))))
            if iopub.socket in ready:
                self._take(number, take)
            if shell.socket in ready:
                message = self._receive(shell)
                if message is not None and message["parent_header"].get("msg_id") == number:
                    return message
            if not ready and not self.alive():
                self._died()
            if resident() - self._resident > FLOOD:
                self._give_up("it sent more than the grader is willing to hold")
            if left <= 0:
                return None

    def _take(
        self, number: str, take: Callable[[dict[str, Any]], None] | None, wait: float = 0.0
    ) -> None:
        message = self._output(wait)
        if message is None or message["parent_header"].get("msg_id") != number:
            return
        if message["msg_type"] == "status" and message["content"].get("execution_state") == "idle":
            self._idle = (number, time.monotonic())
        elif take is not None:
            take(message)

    def _settle(self, number: str, take: Callable[[dict[str, Any]], None] | None = None) -> bool:
        """Outputs that belong to a request are complete when the kernel says that it is idle. False if some were lost."""
        end = time.monotonic() + SETTLE
        while self._idle[0] != number and self.alive():
            self._take(number, take, 0.1)
            if time.monotonic() > end:
                self._listen_again()
                return False
        return True

    def _listen_again(self) -> None:
        """A new connection for outputs: a message that was too large ended the old one."""
        self.client.iopub_channel.stop()
        self.client._iopub_channel = None
        self.client.iopub_channel.start()
        self._hears(self.client.kernel_info())

    def _output(self, wait: float) -> dict[str, Any] | None:
        channel = self.client.iopub_channel
        return self._receive(channel) if channel.socket.poll(1000 * wait) else None

    def _receive(self, channel: Any) -> dict[str, Any] | None:
        """The next message; None for what is none: a wrong signature, no JSON, a header that is no header."""
        socket = channel.socket
        try:
            parts = messages.frames(
                lambda: cast(bytes, socket.recv(zmq.NOBLOCK)),
                lambda: bool(socket.getsockopt(zmq.RCVMORE)),
            )
        except zmq.ZMQError:
            return None
        if parts is None:
            self._give_up("it sent a message of more parts than any that a kernel sends")
        return messages.read(cast(list[bytes], parts), self.client.session.sign)

    def _died(self) -> None:
        server = self.provisioner.server_lives()
        if self.provisioner.process is not None:
            self.provisioner.process.wait(2)
        why, self.last_words = self.provisioner.reason(), self._log()
        self.close()
        if not server and not why:
            raise ParentError("the server that forks kernels was killed, and the kernel with it")
        raise KernelLost(why or "it ended, nobody knows why")


def _asks_for_the_end(content: dict[str, Any]) -> bool:
    """Whether a cell's reply tells the front end that the kernel is to end."""
    payload = content.get("payload")
    return isinstance(payload, list) and any(
        isinstance(one, dict) and one.get("source") == "ask_exit" and not one.get("keepkernel")
        for one in payload
    )


def resident() -> int:
    """Bytes that this process holds; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0
