"""General coders on small binary images: what they make of them in one file, one by one, and with the training images at hand."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from course_vi import validate
from course_vi.coding import BernoulliCode, Stack

__all__ = ["Size", "context_code_length", "general_coders", "packed"]

# The strongest preset, with a window of 64 kB: as good on little data, and a thousand times less to set up.
SMALL: list[dict[str, Any]] = [
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 2**16}
]


class Size(NamedTuple):
    """What a coder made of all images.

    Attributes:
        together: bytes of one file that holds all of them.
        apart: bytes of a file for each, summed; None where it was not tried.
        seconds: to code them together and back again.
    """

    together: int
    apart: int | None
    seconds: float


def packed(x: Tensor) -> bytes:
    """Pixels of 0 and 1, ``(N, Dx)``, eight to a byte.

    >>> packed(torch.ones(2, 8))
    b'\\xff\\xff'
    """
    validate.bits("x", x)
    return np.packbits(x.numpy().astype(np.uint8).reshape(-1)).tobytes()


def general_coders(x: Tensor, train: Tensor | None = None) -> dict[str, Size]:
    """Sizes of ``x: (N, side * side)`` under each coder at hand, decoded again and compared.

    gzip, bz2, xz and zstd read eight pixels to a byte. PNG and WebP see the images one below the other, in a strip; as one image each,
    apart. With ``train`` the coders that can be given a dictionary get those images as well. zstd is tried where its program is.

    Raises:
        AssertionError: a coder lost something.

    >>> sizes = general_coders(torch.zeros(50, 64))
    >>> sizes["one bit a pixel"].together, sizes["PNG"].together < 400
    (400, True)
    """
    raw, rows = packed(x), [packed(row.unsqueeze(0)) for row in x]
    found: dict[str, Size] = {"one bit a pixel": Size(len(raw), len(raw), 0.0)}
    codecs: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
        "gzip": (lambda data: gzip.compress(data, 9, mtime=0), gzip.decompress),
        "bz2": (lambda data: bz2.compress(data, 9), bz2.decompress),
        "xz": (lambda data: lzma.compress(data, filters=SMALL), lzma.decompress),
    }
    if zstd := shutil.which("zstd"):
        codecs["zstd"] = (_piped(zstd, "-19"), _piped(zstd, "-d"))
    if train is not None:
        told = packed(train)
        codecs["gzip's method, told the training images"] = (
            lambda data: _deflate(data, told),
            lambda data: zlib.decompressobj(-15, zdict=told).decompress(data),
        )
    for name, (encode, decode) in codecs.items():
        start = time.perf_counter()
        together = encode(raw)
        if decode(together) != raw:
            raise AssertionError(f"{name} lost something")
        seconds = time.perf_counter() - start
        # A process for each image would be slow, and says no more than the others.
        apart = None if name == "zstd" else sum(len(encode(row)) for row in rows)
        found[name] = Size(len(together), apart, seconds)
    for name, options in (
        ("PNG", {"format": "PNG", "optimize": True}),
        ("WebP", {"format": "WEBP", "lossless": True, "quality": 100, "method": 6}),
    ):
        start = time.perf_counter()
        together_size = _picture(x, options)
        seconds = time.perf_counter() - start
        slow = name == "WebP"  # a tenth of a second for each image
        apart = None if slow else sum(_picture(row.unsqueeze(0), options) for row in x)
        found[name] = Size(together_size, apart, seconds)
    return found


def context_code_length(train: Tensor, x: Tensor) -> Tensor:
    r"""Bits of each image when a pixel is coded given four that came before it, ``(N,)``; one fifth of it a stack of them, for proof.

    The pixels to the left, above left, above and above right (0 outside) make 16 contexts at each of the places. Probabilities are
    counts over ``train: (M, side * side)``, half a count added to each symbol: no latents, no network.

    Args:
        x: ``(N, side * side)``.

    >>> context_code_length(torch.zeros(100, 64), torch.zeros(3, 64)).round().tolist()
    [0.0, 0.0, 0.0]
    """
    validate.bits("x", x)
    ones = torch.full((train.shape[-1], 16), 0.5, dtype=torch.float64)
    all_counts = 2 * ones
    place = torch.arange(train.shape[-1]).expand_as(train)
    context = _contexts(train)
    ones.index_put_((place, context), train.double(), accumulate=True)
    all_counts.index_put_((place, context), torch.ones_like(train).double(), accumulate=True)
    table = ones / all_counts
    probability = table[torch.arange(x.shape[-1]), _contexts(x)]
    bits = -torch.where(x == 1, probability, 1 - probability).log2().sum(-1)
    stack = Stack()
    for row, chance in zip(x, probability, strict=True):
        stack.push(row.numpy().astype(np.int32), BernoulliCode(chance))
    if abs(stack.bits - float(bits.sum())) > 40:
        raise AssertionError(f"the stack has {stack.bits} bits; expected {float(bits.sum()):.0f}")
    return bits


def _contexts(x: Tensor) -> Tensor:
    """The four earlier neighbours of every pixel as a number from 0 to 15, ``(N, Dx)``."""
    side = round(x.shape[-1] ** 0.5)
    page = torch.nn.functional.pad(x.view(-1, side, side), (1, 1, 1, 0)).long()
    left, corner = page[:, 1:, :-2], page[:, :-1, :-2]
    above, right = page[:, :-1, 1:-1], page[:, :-1, 2:]
    return (left + 2 * corner + 4 * above + 8 * right).flatten(1)


def _picture(x: Tensor, options: dict[str, Any]) -> int:
    """Bytes of the images in a strip, once they came back the same."""
    side = round(x.shape[-1] ** 0.5)
    page = Image.fromarray((x.view(-1, side).numpy() * 255).astype(np.uint8))
    page = page.convert("1", dither=Image.Dither.NONE)
    page = page if options["format"] == "PNG" else page.convert("RGB")
    buffer = io.BytesIO()
    page.save(buffer, **options)
    size = buffer.tell()
    buffer.seek(0)
    back = np.asarray(Image.open(buffer).convert("L")) > 127
    if not np.array_equal(back, x.view(-1, side).numpy() == 1):
        raise AssertionError(f"{options['format']} lost something")
    return size


def _deflate(data: bytes, told: bytes) -> bytes:
    coder = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=told)
    return coder.compress(data) + coder.flush()


def _piped(program: str, option: str) -> Callable[[bytes], bytes]:
    def run(data: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data"
            path.write_bytes(data)
            done = subprocess.run(
                [program, option, "-q", "-c", str(path)], check=True, capture_output=True
            )
        return done.stdout

    return run
