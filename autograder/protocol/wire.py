r"""Arrays to bytes and back, without pickle.

What crosses between a check and a learner's code is a JSON header and raw numbers: nothing that can be executed. The decoder
trusts nothing; what it reads may come from a process that a learner controls.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

__all__ = ["MAX_BYTES", "MAX_HEADER", "WireError", "decode", "encode", "ref", "too_large"]

MAX_BYTES = 64 << 20
MAX_HEADER = 1 << 20  # of them JSON: what it costs to read is in its structure, not in the arrays
MAX_DEPTH = 12
DTYPES = {"f4", "f8", "i4", "i8", "u1", "b1"}


class WireError(ValueError):
    """A message that is no message: too large, too deep, truncated, or of a type that is never sent."""


def ref(name: str) -> dict[str, str]:
    """Stands for an object of the named problem, which exists only beside the learner's code."""
    return {"$ref": name}


def encode(message: Any) -> bytes:
    """A nest of dicts, lists, numbers, strings and arrays (NumPy or PyTorch) as bytes.

    >>> decode(encode({"z": np.ones((2, 1)), "k": 3}))
    {'z': array([[1.],
           [1.]]), 'k': 3}
    """
    buffers: list[bytes] = []

    def walk(value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise WireError(f"message is nested deeper than {MAX_DEPTH}")
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        if isinstance(value, (np.ndarray, np.generic)):
            array = np.ascontiguousarray(value)
            kind = array.dtype.str[1:]
            if kind not in DTYPES:
                raise WireError(f"cannot send an array of {array.dtype}")
            buffers.append(array.tobytes())
            return {"$array": [kind, list(np.shape(value))]}
        if isinstance(value, (list, tuple)):
            return [walk(item, depth + 1) for item in value]
        if isinstance(value, dict):
            return {str(key): walk(item, depth + 1) for key, item in value.items()}
        if _too_long(value):
            raise WireError("cannot send a whole number of more than 64 bits")
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        raise WireError(
            f"cannot send a {type(value).__name__}; expected numbers, text, tensors, and lists or dicts of them"
        )

    header = json.dumps(walk(message, 0)).encode()
    return len(header).to_bytes(4, "little") + header + b"".join(buffers)


def too_large(data: bytes) -> bool:
    """Whether ``decode`` would refuse this for its size.

    >>> too_large(encode("x" * MAX_HEADER)), too_large(encode(np.zeros(MAX_HEADER)))
    (True, False)
    """
    return len(data) > MAX_BYTES or int.from_bytes(data[:4], "little") > MAX_HEADER


def decode(data: bytes) -> Any:
    """The inverse of ``encode``. Raises ``WireError`` on anything that ``encode`` cannot have written."""
    if not isinstance(data, bytes) or not 4 <= len(data) <= MAX_BYTES:
        raise WireError(f"message is not bytes, or has a size outside 4 to {MAX_BYTES}")
    size = int.from_bytes(data[:4], "little")
    if size > MAX_HEADER:
        raise WireError(f"the header of the message has {size} bytes; at most {MAX_HEADER}")
    try:
        header = json.loads(data[4 : 4 + size])
    except (ValueError, RecursionError) as error:
        raise WireError("the header of the message is not JSON") from error
    position = 4 + size

    def walk(value: Any, depth: int) -> Any:
        nonlocal position
        if depth > MAX_DEPTH:
            raise WireError(f"message is nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict) and "$array" in value:
            kind, shape = _array_header(value["$array"])
            count = math.prod(shape)
            length = count * np.dtype(kind).itemsize
            if position + length > len(data):
                raise WireError("the message ends before its last array")
            array = np.frombuffer(data, kind, count, position).reshape(shape)
            position += length
            return array.copy()
        if isinstance(value, dict):
            return {key: walk(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item, depth + 1) for item in value]
        if _too_long(value):
            raise WireError("the message holds a whole number of more than 64 bits")
        return value

    return walk(header, 0)


def _too_long(value: Any) -> bool:
    """Whether this is a whole number that no array can hold, and at which arithmetic stumbles."""
    return isinstance(value, int) and not -(1 << 63) <= value < 1 << 63


def _array_header(spec: Any) -> tuple[str, list[int]]:
    if not (
        isinstance(spec, list)
        and len(spec) == 2
        and isinstance(spec[0], str)
        and spec[0] in DTYPES
        and isinstance(spec[1], list)
    ):
        raise WireError("an array has an unknown type")
    shape = spec[1]
    if len(shape) > 8 or not all(
        isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 1 << 31
        for size in shape
    ):
        raise WireError("an array has an impossible shape")
    return spec[0], shape
