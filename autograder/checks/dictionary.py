"""The dictionary of mutants: which change of a right answer behaves like this answer?

An author builds it once (``python -m autograder dictionary 09``): a few recorded requests, and for each change of a right answer that is
told from all others by what it gives back, the change in words. An answer that no name fits is asked the same requests, and looked up.
It holds no line of a solution: words of mathematics and the names of the exercise's own arguments, and fingerprints.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks.probe import LearnerError
from autograder.protocol import wire

__all__ = ["ask", "file_of", "fingerprint", "leaves", "look_up", "pack", "unpack"]

UNITS = Path(__file__).parents[1] / "units"
DIGITS = 5
Ask = Callable[[bytes], bytes]


def look_up(exercise: str, runner: Ask) -> str | None:
    """What is said of an answer that behaves like an entry, or None."""
    found = _load(exercise)
    if not found or not found["entries"]:
        return None
    seen = ask(unpack(found["requests"]), runner)
    change = found["entries"].get(fingerprint(seen)) if seen is not None else None
    return (
        None
        if change is None
        else f"Yours gives what a right answer would give with one change: {found['changes'][change]}."
    )


def file_of(exercise: str) -> Path:
    """Where the dictionary of an exercise lies, in its unit's folder."""
    return UNITS / f"unit_{exercise[:2]}" / "dictionaries" / f"{exercise[3:]}.json"


@functools.cache
def _load(exercise: str) -> dict[str, Any]:
    path = file_of(exercise)
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def ask(requests: Sequence[bytes], runner: Ask) -> list[np.ndarray] | None:
    """Every number that comes back, request by request; None where one fails."""
    seen: list[np.ndarray] = []
    for request in requests:
        try:
            reply = wire.decode(runner(request))
        except (LearnerError, wire.WireError):
            return None
        if not isinstance(reply, dict) or "error" in reply:
            return None
        seen += leaves([reply.get("value"), reply.get("gradient")])
    return seen


def leaves(value: Any) -> list[np.ndarray]:
    """The arrays in a reply, in order."""
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    if isinstance(value, dict):
        return [leaf for name in sorted(value) for leaf in leaves(value[name])]
    if value is None or isinstance(value, str):
        return []
    try:
        return [np.asarray(value, dtype=float)]
    except (TypeError, ValueError, OverflowError):  # such as a whole number of a thousand digits
        return []


def fingerprint(seen: Sequence[np.ndarray]) -> str:
    """Shapes and numbers to a few digits, hashed: rounding by another order of summation does not reach them."""
    hashed = hashlib.sha256()
    for leaf in seen:
        numbers = ",".join(
            f"{value:.{DIGITS - 1}e}" if abs(value) > 1e-9 or value != value else "0"
            for value in leaf.ravel()
        )
        hashed.update(f"{leaf.shape}:{numbers};".encode())
    return hashed.hexdigest()[:12]


def pack(requests: Sequence[bytes]) -> list[str]:
    """Requests as text."""
    return [base64.b64encode(zlib.compress(request, 9)).decode() for request in requests]


def unpack(requests: Sequence[str]) -> list[bytes]:
    return [zlib.decompress(base64.b64decode(text)) for text in requests]
