"""Figures and moving pictures, as a stored lecture holds them: bytes, size, and the same in words."""

from __future__ import annotations

import base64
import html
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Picture", "pictures_of"]

WORDS = re.compile(r"<summary>This figure in words</summary>(.*?)</details>", re.DOTALL)
IMAGE = re.compile(r'<img src="data:image/svg\+xml;base64,([^"]+)"')
BOX = re.compile(rb'viewBox="0 0 (\d+) (\d+)"')


@dataclass(frozen=True)
class Picture:
    """A figure of a lecture.

    Attributes:
        alt: what it shows, in words.
        data, suffix: the file.
        width, height: in pixels.
        moving: the file of the moving picture of which ``data`` is the still frame; empty for a figure that stands still.
    """

    alt: str
    data: bytes
    suffix: str
    width: int
    height: int
    moving: bytes = b""

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height


def pictures_of(outputs: Iterable[dict[str, Any]]) -> Iterator[Picture]:
    """The pictures among the outputs of a cell, in order; the words of each stand in the output that follows it.

    Raises:
        ValueError: a picture without words, or words without a picture.
    """
    waiting: bytes = b""
    for output in outputs:
        data = output.get("data", {})
        if "image/png" in data:
            if waiting:
                raise ValueError("a figure of a lecture has no words; expected show(figure, alt=...)")  # fmt: skip
            waiting = base64.b64decode("".join(data["image/png"]))
        page = "".join(data.get("text/html", ""))
        words = WORDS.search(page)
        if not words:
            continue
        alt = html.unescape(words[1]).strip()
        drawn = [base64.b64decode(found) for found in IMAGE.findall(page)]
        if drawn:
            yield Picture(alt, drawn[0], "svg", *_svg_size(drawn[0]), moving=drawn[-1])
        elif waiting:
            yield Picture(alt, waiting, "png", *struct.unpack(">II", waiting[16:24]))
            waiting = b""
        else:
            raise ValueError(f"words without a figure: {alt[:60]!r}")
    if waiting:
        raise ValueError("a figure of a lecture has no words; expected show(figure, alt=...)")


def _svg_size(data: bytes) -> tuple[int, int]:
    box = BOX.search(data)
    if not box:
        raise ValueError("a moving picture has no viewBox")
    return int(box[1]), int(box[2])
