"""What a kernel sends is measured before it is parsed, and the clock runs whatever it sends."""

from __future__ import annotations

import json
import threading
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import zmq
from jupyter_client.session import Session as Signer

from autograder.checks.probe import LearnerError, Probe
from autograder.execution import messages
from autograder.execution.session import KernelLost, Session, resident
from autograder.protocol import wire

LISTS = b"[]," * 400_000 + b"[]"


def packed(signer: Signer, content: bytes, **parts: bytes) -> list[bytes]:
    message = signer.msg("execute_reply", {}, parent={"msg_id": "asked"})
    body = [
        parts.get("header", signer.pack(message["header"])),
        parts.get("parent", signer.pack(message["parent_header"])),
        parts.get("metadata", b"{}"),
        content,
    ]
    return [b"identity", b"<IDS|MSG>", parts.get("signature", signer.sign(body)), *body]


@pytest.fixture
def signer() -> Signer:
    return Signer(key=b"known to the kernel")


def test_a_message_is_read_as_jupyter_reads_it(signer: Signer) -> None:
    content = {"status": "ok", "text": 'a "quoted" \\ text, [with] {brackets}' * 50_000}
    parts = packed(signer, json.dumps(content).encode())
    ours = messages.read(parts, signer.sign)
    theirs = signer.deserialize(signer.feed_identities(parts)[1], content=True)
    assert ours is not None and ours["content"] == theirs["content"] == content
    assert ours["parent_header"]["msg_id"] == theirs["parent_header"]["msg_id"] == "asked"
    assert ours["msg_type"] == theirs["msg_type"] == "execute_reply"


def test_structure_is_measured_and_strings_are_free(signer: Signer) -> None:
    assert messages.structure(b'{"a": "' + b"A" * 5_000_000 + b'"}') == 7
    assert messages.structure(b'["' + b'\\"[],' * 900_000 + b'"]') == 4
    for bomb in (
        b'{"x": [' + LISTS + b"]}",
        b'{"x": [' + b'"",' * 600_000 + b'""]}',
        b'{"x": ["' + b'\\\\","' * 400_000 + b'"]}',
    ):
        assert messages.structure(bomb) > messages.STRUCTURE
        assert messages.read(packed(signer, bomb), signer.sign) is None
    unterminated = b'["' + b'\\"' * 2_000_000
    start = time.perf_counter()
    messages.structure(unterminated)
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize("part", ["header", "parent", "metadata"])
def test_bombs_beside_the_content_are_refused(signer: Signer, part: str) -> None:
    bomb = packed(signer, b"{}", **{part: b'{"msg_type": "x", "x": [' + LISTS + b"]}"})
    assert messages.read(bomb, signer.sign) is None


@pytest.mark.parametrize("content", [b"[]", b"7", b"no json", b"[" * 100_000, b"\xff\xfe", b""])
def test_what_is_no_message_is_none(signer: Signer, content: bytes) -> None:
    assert messages.read(packed(signer, content), signer.sign) is None


def test_unsigned_and_incomplete_messages_are_none(signer: Signer) -> None:
    good = packed(signer, b"{}")
    assert messages.read(good, signer.sign) is not None
    assert messages.read(packed(signer, b"{}", signature=b"forged"), signer.sign) is None
    for end in range(len(good)):
        assert messages.read(good[:end], signer.sign) is None


# ------------------------------------------------------------------ the reply to a question


def test_a_reply_is_at_most_a_megabyte_of_json() -> None:
    deep = json.dumps([[]] * 400_000).encode()
    with pytest.raises(wire.WireError, match="at most 1048576"):
        wire.decode(len(deep).to_bytes(4, "little") + deep)
    array = np.arange(1_000_000.0)
    assert (wire.decode(wire.encode({"value": array}))["value"] == array).all()


def test_whole_numbers_are_of_64_bits() -> None:
    assert wire.decode(wire.encode([2**63 - 1, -(2**63), True])) == [2**63 - 1, -(2**63), True]
    with pytest.raises(wire.WireError, match="more than 64 bits"):
        wire.encode({"value": 2**4000})
    header = b'{"value": [9223372036854775808]}'
    with pytest.raises(wire.WireError, match="more than 64 bits"):
        wire.decode(len(header).to_bytes(4, "little") + header)


def test_lists_that_are_too_long_are_named_where_they_are_made() -> None:
    from autograder.protocol.agent import answer_bytes

    request = {"kind": "value", "args": [], "kwargs": {}, "params": {}, "problem": None, "seed": 1}
    sent = answer_bytes(wire.encode(request), lambda: [[]] * 500_000)
    probe = Probe(lambda _: sent, seed=1, unit="00")
    with pytest.raises(LearnerError, match="far larger") as error:
        probe.value()
    assert error.value.kind == "ResultTooLarge"


# ------------------------------------------------------------------ the clock


@pytest.fixture
def flooded(signer: Signer) -> Iterator[Callable[[list[bytes]], Session]]:
    """A session whose shell socket is never empty: another thread sends the same message for ever."""
    context, stop = zmq.Context(), threading.Event()
    ours, theirs = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    quiet = context.socket(zmq.PAIR)
    ours.bind("inproc://shell"), quiet.bind("inproc://iopub")
    theirs.connect("inproc://shell")
    threads: list[threading.Thread] = []

    def make(parts: list[bytes]) -> Session:
        def send() -> None:
            while not stop.is_set():
                if theirs.poll(10, zmq.POLLOUT):
                    theirs.send_multipart(parts)

        threads.append(threading.Thread(target=send, daemon=True))
        threads[0].start()
        session = Session.__new__(Session)
        channels: dict[str, Any] = {
            "shell_channel": types.SimpleNamespace(socket=ours),
            "iopub_channel": types.SimpleNamespace(socket=quiet),
        }
        session.client = types.SimpleNamespace(session=signer, **channels)
        session._idle, session._resident = ("", 0.0), resident()
        session.alive = session.close = lambda: True  # type: ignore[method-assign,assignment]
        return session

    yield make
    stop.set()
    for thread in threads:
        thread.join()
    ours.close(0), theirs.close(0), quiet.close(0), context.term()


def test_time_is_up_though_the_socket_is_never_empty(
    signer: Signer, flooded: Callable[[list[bytes]], Session]
) -> None:
    session = flooded(packed(signer, b'{"status": "ok"}'))
    start = time.monotonic()
    assert session._reply("another", start + 0.5) is None
    assert 0.4 < time.monotonic() - start < 1.5
    assert session._reply("asked", time.monotonic() + 5) is not None


def test_memory_is_looked_at_though_the_socket_is_never_empty(
    signer: Signer,
    flooded: Callable[[list[bytes]], Session],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = flooded(packed(signer, b'{"status": "ok"}'))
    monkeypatch.setattr("autograder.execution.session.resident", lambda: 1 << 40)
    with pytest.raises(KernelLost, match="willing to hold"):
        session._reply("another", time.monotonic() + 5)


def test_a_message_of_many_parts_ends_the_kernel(
    flooded: Callable[[list[bytes]], Session],
) -> None:
    session = flooded([b"x"] * 1000)
    with pytest.raises(KernelLost, match="more parts"):
        session._reply("another", time.monotonic() + 5)
