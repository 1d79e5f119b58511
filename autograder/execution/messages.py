"""A kernel's message, from the frames that came to a dictionary, in bounded time and memory.

Whoever controls the kernel knows its key: a signature says nothing about what is signed. What costs a reader time and memory is not the
length of a JSON text but its structure: 45 MB of ``[],[],...`` took seven minutes and 3 GB to read and to look at, one string of the
same length a tenth of a second. So what lies outside of strings is measured before anything is parsed.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["CONTENT", "FRAMES", "STRUCTURE", "frames", "read", "structure"]

STRUCTURE = 1 << 20  # brackets, commas and the like of a JSON text; bytes of the headers, whole
CONTENT = 100 << 20  # bytes of a content, strings included
LONG = 8 << 20  # bytes up to which strings full of brackets are worth a second look
FRAMES = 64  # of one message; ipykernel sends six, and one more for each buffer
DELIMITER = b"<IDS|MSG>"
OTHER = bytes(set(range(256)) - set(b'[]{},:"\\'))  # bytes that make no structure
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def frames(receive: Callable[[], bytes], more: Callable[[], bool]) -> list[bytes] | None:
    """The frames of one message, from functions that receive one and say whether another follows. None if they are too many.

    >>> parts = [b"a", b"b"]
    >>> frames(lambda: parts.pop(0), lambda: bool(parts))
    [b'a', b'b']
    """
    found = [receive()]
    while more():
        if len(found) == FRAMES:
            return None
        found.append(receive())
    return found


def structure(text: bytes) -> int:
    r"""How many brackets, commas, colons and quotes a JSON text has, without those inside of strings where there are many.

    >>> structure(b'{"a": [1, 2, 3]}'), structure(b'["' + b"[" * STRUCTURE + b'"]')
    (9, 4)
    """
    few = len(text.translate(None, OTHER))
    if few <= STRUCTURE or len(text) > LONG:
        return few
    if text.count(b'"') - text.count(b'\\"') > STRUCTURE:
        return few  # so many quotes are as much structure already
    return len(STRING.sub(b'""', text).translate(None, OTHER))


def read(parts: Sequence[bytes], sign: Callable[[list[bytes]], bytes]) -> dict[str, Any] | None:
    """The message in these frames; None for what is none: unsigned, too large, too much structure, no JSON, no dictionaries.

    Args:
        parts: identities, a delimiter, the signature, header, parent header, metadata, content, buffers.
        sign: the signature of the last four of them (``jupyter_client.session.Session.sign``).
    """
    if DELIMITER not in parts:
        return None
    at = list(parts).index(DELIMITER)
    signature, body = parts[at + 1 : at + 2], list(parts[at + 2 : at + 6])
    if len(body) != 4 or sum(map(len, body[:3])) > STRUCTURE or len(body[3]) > CONTENT:
        return None
    if len(body[3]) > STRUCTURE and structure(body[3]) > STRUCTURE:
        return None
    if not hmac.compare_digest(sign(body), bytes(signature[0])):
        return None
    try:
        header, parent, metadata, content = (json.loads(part) for part in body)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(part, dict) for part in (header, parent, content)):
        return None
    if not isinstance(header.get("msg_type"), str):
        return None
    return {
        "header": header,
        "msg_type": header["msg_type"],
        "parent_header": parent,
        "metadata": metadata,
        "content": content,
    }
