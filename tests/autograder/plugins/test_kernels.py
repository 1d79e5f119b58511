"""The patient client: a wake-up that never comes costs a second, not the timeout."""

import asyncio
import time
from queue import Empty
from typing import Any

import nbformat
import pytest
import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session

from autograder.plugins import patient_manager
from autograder.plugins.patient_manager import PatientChannel, PatientManager


class Deaf(zmq.asyncio.Socket):
    """A socket whose every poll misses the message that arrives while it waits: it looks only when it begins and when its time is up."""

    async def poll(self, timeout: int | None = None, flags: int = zmq.POLLIN) -> int:
        waited = 3600_000 if timeout is None else timeout
        if not await super().poll(0, flags):
            await asyncio.sleep(waited / 1000)
        return int(await super().poll(0, flags))


async def wait_for_message(channel_class: type, timeout: float | None) -> tuple[Any, float]:
    context, session = zmq.asyncio.Context(), Session(key=b"")
    near, far = context.socket(zmq.PAIR, socket_class=Deaf), context.socket(zmq.PAIR)
    try:
        near.bind("inproc://wait")
        far.connect("inproc://wait")

        async def late() -> None:
            await asyncio.sleep(0.1)
            await far.send_multipart(session.serialize(session.msg("hello", {"n": 1})))

        sender, start = asyncio.create_task(late()), time.monotonic()
        message = await channel_class(near, session).get_msg(timeout)
        await sender
        return message, time.monotonic() - start
    finally:
        near.close(0), far.close(0), context.term()


def test_a_missed_wake_up_costs_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient_manager, "LOOK_AGAIN", 0.3)
    message, seconds = asyncio.run(wait_for_message(PatientChannel, None))
    assert message["content"] == {"n": 1} and seconds < 2
    stock = asyncio.run(wait_for_message(AsyncZMQSocketChannel, 3.0))
    assert stock[1] >= 3.0, "the stand-in for the fault does not show it"


def test_nothing_comes() -> None:
    async def empty() -> None:
        context = zmq.asyncio.Context()
        socket = context.socket(zmq.PAIR)
        socket.bind("inproc://nothing")
        try:
            with pytest.raises(Empty):
                await PatientChannel(socket, Session(key=b"")).get_msg(timeout=0.2)
        finally:
            socket.close(0), context.term()

    asyncio.run(empty())


@pytest.mark.slow
def test_nbclient_runs_on_it() -> None:
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)")])
    seen: list[type] = []
    client = NotebookClient(
        notebook,
        kernel_manager_class=PatientManager,
        kernel_name="python3",
        timeout=60,
        on_cell_start=lambda cell, cell_index: seen.append(type(client.kc.shell_channel)),
    )
    client.execute()
    assert seen == [PatientChannel]
    assert notebook.cells[0].outputs[0].text == "42\n"
