"""A client of Jupyter kernels that looks again.

jupyter_client waits for a message in one long poll of an asyncio socket. Now and then such a poll is not woken by a message that has
arrived; it finds it when its time is up, so a cell that took a second takes as long as the timeout, or for ever where there is
none. Here the same wait is made of short polls, each of which looks at the socket afresh. Everything else is jupyter_client's.
"""

from __future__ import annotations

from queue import Empty
from time import monotonic
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.manager import AsyncKernelManager
from traitlets import DottedObjectName, Type

__all__ = ["PatientChannel", "PatientClient", "PatientManager"]

LOOK_AGAIN = 1.0  # seconds


class PatientChannel(AsyncZMQSocketChannel):
    """A channel whose ``get_msg`` polls in slices of a second."""

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # type: ignore[override]
        """The next message; ``queue.Empty`` if none came within ``timeout`` seconds (None: wait for ever)."""
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            left = LOOK_AGAIN if deadline is None else deadline - monotonic()
            try:
                return await super().get_msg(timeout=max(0.0, min(LOOK_AGAIN, left)))
            except Empty:
                if deadline is not None and monotonic() >= deadline:
                    raise


class PatientClient(AsyncKernelClient):
    """jupyter_client's asynchronous client, with patient channels."""

    shell_channel_class = Type(PatientChannel)
    iopub_channel_class = Type(PatientChannel)
    control_channel_class = Type(PatientChannel)


class PatientManager(AsyncKernelManager):
    """Its manager: give it to nbclient as ``kernel_manager_class``."""

    client_class = DottedObjectName("autograder.plugins.patient_manager.PatientClient")
    client_factory = Type(PatientClient, AsyncKernelClient)
