"""What a cell may leave in a graded notebook: text and PNG pictures, no more than fits; errors as text. Everything else is dropped.

A learner's HTML or JavaScript would run in an instructor's browser. What arrives on stderr is kept as ordinary output: a warning costs
nothing.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from nbformat.v4 import new_output

__all__ = ["Budget", "Outputs", "clean_text"]

PNG = b"\x89PNG\r\n\x1a\n"
CELL_TEXT, CELL_PICTURES = 50_000, 4 << 20
NOTEBOOK_TEXT, NOTEBOOK_PICTURES = 500_000, 24 << 20
MOST_OUTPUTS = 100
CUT = "\n[the rest was cut: too much output]\n"


class Budget:
    """How much more a notebook may put out, in all."""

    def __init__(self, text: int = NOTEBOOK_TEXT, pictures: int = NOTEBOOK_PICTURES) -> None:
        self.text, self.pictures = text, pictures


class Outputs:
    """Collects the outputs of one cell from the kernel's messages, within its budget and the notebook's."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self.text, self.pictures = CELL_TEXT, CELL_PICTURES
        self.kept: list[dict[str, Any]] = []
        self.cut = False

    def take(self, message: dict[str, Any]) -> None:
        """Keep what may be kept of one message."""
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            self._stream(content.get("text"))
        elif kind in ("display_data", "execute_result"):
            self._data(content.get("data"), kind)
        elif kind == "error":
            self._add(
                self.error(content.get("ename"), content.get("evalue"), content.get("traceback"))
            )

    def done(self) -> list[dict[str, Any]]:
        """The outputs, with a note where something was cut."""
        if self.cut:
            self.kept.append(new_output("stream", name="stdout", text=CUT))
            self.cut = False
        return self.kept

    def error(self, name: Any, value: Any, traceback: Any = None) -> dict[str, Any]:
        """An error as nbformat wants it, from whatever was given."""
        lines = [str(line) for line in traceback][:60] if isinstance(traceback, list) else []
        name, value = self._fit(str(name or "Error")[:200]), self._fit(str(value or "")[:2000])
        return dict(
            new_output(
                "error",
                ename=clean_text(name),
                evalue=clean_text(value),
                traceback=[clean_text(self._fit(line[:4000])) for line in lines]
                or [f"{name}: {value}"],
            )
        )

    def _fit(self, text: str) -> str:
        room = max(0, min(self.text, self.budget.text))
        if len(text) > room:
            text, self.cut = text[:room], True
        self.text -= len(text)
        self.budget.text -= len(text)
        return text

    def _stream(self, text: Any) -> None:
        if not isinstance(text, str) or not text:
            return
        text = clean_text(self._fit(text))
        if not text:
            return
        if self.kept and self.kept[-1]["output_type"] == "stream":
            self.kept[-1]["text"] += text
        else:
            self._add(new_output("stream", name="stdout", text=text))

    def _data(self, data: Any, kind: str) -> None:
        if not isinstance(data, dict):
            return
        kept = {}
        picture, text = data.get("image/png"), data.get("text/plain")
        if (
            isinstance(picture, str)
            and len(picture) <= min(self.pictures, self.budget.pictures)
            and _is_png(picture)
        ):
            self.pictures -= len(picture)
            self.budget.pictures -= len(picture)
            kept["image/png"] = picture
        if isinstance(text, str):
            kept["text/plain"] = clean_text(self._fit(text))
        if kept:
            self._add(new_output(kind, data=kept))

    def _add(self, output: Any) -> None:
        if len(self.kept) < MOST_OUTPUTS:
            self.kept.append(dict(output))
        else:
            self.cut = True


def clean_text(text: str) -> str:
    """Without what cannot be written: lone surrogates, and control characters other than those of colours and line ends."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in text if c >= " " or c in "\n\t\r\x1b")


def _is_png(text: str) -> bool:
    try:
        return base64.b64decode("".join(text.split()), validate=True)[: len(PNG)] == PNG
    except (binascii.Error, ValueError):
        return False
