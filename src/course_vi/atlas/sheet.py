"""A sheet of A1 paper, landscape, measured in millimetres from its upper left corner."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_vi.plots.style import style

__all__ = ["HEIGHT", "WIDTH", "axes", "blank_sheet", "paragraph", "say", "write"]

INCH = 25.4
POINT = INCH / 72
WIDTH, HEIGHT = 841.0, 594.0


def blank_sheet() -> Figure:
    """The paper."""
    figure = Figure(figsize=(WIDTH / INCH, HEIGHT / INCH))
    FigureCanvasAgg(figure)
    return figure


def say(figure: Figure, x: float, y: float, words: str, size: float, **kwargs: Any) -> None:
    """Words at millimetres from the left and from the top."""
    figure.text(x / WIDTH, 1 - y / HEIGHT, words, fontsize=size, **({"va": "top"} | kwargs))


def axes(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Axes whose upper left corner is at (x, y) millimetres."""
    return figure.add_axes((x / WIDTH, 1 - (y + height) / HEIGHT, width / WIDTH, height / HEIGHT))


def paragraph(figure: Figure, x: float, y: float, words: str, width: float, size: float) -> float:
    """Filled to the width; where the next one begins."""
    filled = textwrap.fill(words, int(width / (size * POINT * 0.535)))
    say(figure, x, y, filled, size, linespacing=1.2)
    return y + (filled.count("\n") + 1) * size * POINT * 1.4 + 2.6


def write(figure: Figure, path: Path) -> None:
    """As a vector file, by its suffix; without a date, so that equal tables make equal files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix[1:]
    date: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(suffix, {})
    settings: Any = {
        "figure.constrained_layout.use": False,
        "pdf.fonttype": 42,
        "svg.hashsalt": "atlas",
        "savefig.dpi": 72,
    }
    with style(), matplotlib.rc_context(settings):
        figure.savefig(path, format=suffix, metadata=date)
