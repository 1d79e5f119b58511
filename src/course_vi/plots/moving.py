"""Moving pictures: a self-contained SVG that plays without a kernel, in JupyterLab and as a page.

JupyterLab takes scripts and inline SVG out of the outputs of a notebook that it does not trust, and leaves images. So a moving picture
is two images: a still frame, which is shown and printed, and one that moves (SMIL, no script), which opens in its place with a click.
Readers who ask their system for less motion get the still frame there, too (by ``<picture>``, which only a trusted notebook keeps).
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from xml.sax.saxutils import escape

from course_vi.plots.style import BLACK, QUIET, WHITE, told_in_words

__all__ = ["Movie", "show_moving"]

FONT = "DejaVu Sans, Verdana, sans-serif"


@dataclass
class Movie:
    r"""A picture of curves, dots and words in the coordinates of the data, some of which move from frame to frame.

    Args:
        x, y: what the axes span.
        seconds: how long a round takes; it then begins again.
        still: the frame that is printed, and shown before a click; the last one by default.

    >>> movie = Movie((0, 1), (0, 1), title="A dot that walks")
    >>> from course_vi.plots.style import BLUE
    >>> movie.dots([[(0.1, 0.5)], [(0.9, 0.5)]], BLUE)
    >>> svg = movie.svg()
    >>> "<animate " in svg, "<animate " in movie.svg(moving=False), "<script" in svg
    (True, False, False)
    """

    x: tuple[float, float]
    y: tuple[float, float]
    title: str = ""
    xlabel: str = ""
    ylabel: str = ""
    seconds: float = 8.0
    still: int = -1
    width: int = 620
    height: int = 340
    _parts: list[tuple[str, list[dict[str, str]]]] = field(default_factory=list, repr=False)
    _texts: list[str] = field(default_factory=list, repr=False)

    def curve(
        self,
        frames: Sequence[Sequence[tuple[float, float]]],
        colour: str,
        width: float = 2.2,
        dash: str = "",
        opacity: float = 1.0,
        fill: bool = False,
    ) -> None:
        """A line through points ``(x, y)``, one list a frame (a single list stands still), all of one length.

        Raises:
            ValueError: lists of different lengths, which nothing can move between.
        """
        self._same(frames)
        paths = ["M" + "L".join(self._at(point) for point in frame) for frame in frames]
        paint = (
            f'fill="{colour}" fill-opacity="{opacity:g}"'
            if fill
            else f'fill="none" stroke="{colour}" stroke-width="{width:g}" '
            f'stroke-opacity="{opacity:g}" stroke-linejoin="round"'
        )
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append((f"path {paint}{dashed}", [{"d": path} for path in paths]))

    def dots(
        self, frames: Sequence[Sequence[tuple[float, float]]], colour: str, radius: float = 3.5
    ) -> None:
        """Dots at ``(x, y)``, one list a frame, all of one length."""
        self._same(frames)
        for each in zip(*frames, strict=True):
            where = [self._at(point).split(",") for point in each]
            self._parts.append(
                (
                    f'circle r="{radius:g}" fill="{colour}" fill-opacity="0.75"',
                    [{"cx": x, "cy": y} for x, y in where],
                )
            )

    def lines(
        self,
        frames: Sequence[Sequence[tuple[float, float, float, float]]],
        colour: str,
        width: float = 1.4,
        opacity: float = 0.8,
    ) -> None:
        """Straight lines ``(x1, y1, x2, y2)``, one list a frame, all of one length."""
        self._same(frames)
        for each in zip(*frames, strict=True):
            values = []
            for x1, y1, x2, y2 in each:
                (a, b), (c, d) = self._at((x1, y1)).split(","), self._at((x2, y2)).split(",")
                values.append({"x1": a, "y1": b, "x2": c, "y2": d})
            self._parts.append(
                (
                    f'line stroke="{colour}" stroke-width="{width:g}" stroke-opacity="{opacity:g}"',
                    values,
                )
            )

    def label(
        self, at: tuple[float, float], text: str, colour: str = BLACK, anchor: str = "start"
    ) -> None:
        """Words that stand still; ``_a`` and ``^b`` set the next letter, or what is in braces, low or high."""
        x, y = self._at(at).split(",")
        self._texts.append(_text(float(x), float(y), text, colour, anchor, 13))

    def labels(self, frames: Sequence[tuple[float, float, str]], colour: str = BLACK) -> None:
        """Words of which one is seen at a time: ``(x, y, text)``, one a frame."""
        count = len(frames)
        for index, (x, y, text) in enumerate(frames):
            px, py = self._at((x, y)).split(",")
            shown = ["1" if k == index else "0" for k in range(count)]
            inner = _text(float(px), float(py), text, colour, "start", 13)
            self._parts.append((f"g|{inner}", [{"opacity": value} for value in shown]))

    def svg(self, moving: bool = True) -> str:
        """The picture as SVG: moving, or its still frame."""
        (x0, y1), (x1, y0) = (
            (float(value) for value in self._at(corner).split(","))
            for corner in ((self.x[0], self.y[0]), (self.x[1], self.y[1]))
        )
        inside = f'<rect x="{x0:g}" y="{y0:g}" width="{x1 - x0:g}" height="{y1 - y0:g}"/>'
        body = [
            self._axes(),
            f'<clipPath id="inside">{inside}</clipPath>',
            f'<g clip-path="url(#inside)">{self._drawn(moving)}</g>',
            *self._texts,
        ]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" font-family="{FONT}">'
            f'<rect width="100%" height="100%" fill="{WHITE}"/>{"".join(body)}</svg>'
        )

    def _drawn(self, moving: bool) -> str:
        told = []
        for element, values in self._parts:
            element, _, inner = element.partition("|")
            name = element.split(" ", 1)[0]
            shown = values[self.still if -len(values) <= self.still < len(values) else -1]
            fixed = " ".join(f'{key}="{value}"' for key, value in shown.items())
            moves = self._moves(values, "discrete" if inner else "linear") if moving else ""
            told.append(f"<{element} {fixed}>{moves}{inner}</{name}>")
        return "".join(told)

    def _moves(self, values: list[dict[str, str]], mode: str) -> str:
        if len(values) < 2 or all(value == values[0] for value in values):
            return ""
        told = []
        for key in values[0]:
            # The last frame is held for a while, and the round begins again.
            listed = ";".join(value[key] for value in [*values, values[-1]])
            stops = [*(k / (len(values) - 1) * 0.8 for k in range(len(values))), 1.0]
            times = ";".join(f"{stop:.3f}".rstrip("0").rstrip(".") for stop in stops)
            told.append(
                f'<animate attributeName="{key}" values="{listed}" keyTimes="{times}" '
                f'dur="{self.seconds:g}s" calcMode="{mode}" repeatCount="indefinite"/>'
            )
        return "".join(told)

    def _at(self, point: tuple[float, float]) -> str:
        """Where a point of the data lies on the picture, inside its margins."""
        left, top, right, bottom = 56, 34, 14, 44
        u = (point[0] - self.x[0]) / (self.x[1] - self.x[0])
        v = (point[1] - self.y[0]) / (self.y[1] - self.y[0])
        return f"{left + u * (self.width - left - right):.1f},{self.height - bottom - v * (self.height - top - bottom):.1f}"

    def _axes(self) -> str:
        x0, y0 = (float(value) for value in self._at((self.x[0], self.y[0])).split(","))
        x1, y1 = (float(value) for value in self._at((self.x[1], self.y[1])).split(","))
        told = [f'<path d="M{x0},{y1}V{y0}H{x1}" fill="none" stroke="{BLACK}" stroke-width="0.9"/>']
        for value in _ticks(*self.x):
            at = float(self._at((value, self.y[0])).split(",")[0])
            told.append(f'<path d="M{at},{y0}v4" stroke="{BLACK}" stroke-width="0.9"/>')
            told.append(_text(at, y0 + 17, f"{value:g}", BLACK, "middle", 11))
        for value in _ticks(*self.y):
            at = float(self._at((self.x[0], value)).split(",")[1])
            told.append(f'<path d="M{x0},{at}h-4" stroke="{BLACK}" stroke-width="0.9"/>')
            told.append(_text(x0 - 7, at + 4, f"{value:g}", BLACK, "end", 11))
        told.append(_text((x0 + x1) / 2, self.height - 8, self.xlabel, BLACK, "middle", 13))
        told.append(_text((x0 + x1) / 2, 20, self.title, BLACK, "middle", 14))
        middle = (y0 + y1) / 2
        turned = _text(14, middle, self.ylabel, BLACK, "middle", 13)
        told.append(turned.replace("<text ", f'<text transform="rotate(-90 14 {middle:g})" ', 1))
        return "".join(told)

    @staticmethod
    def _same(frames: Sequence[Sequence[object]]) -> None:
        lengths = {len(frame) for frame in frames}
        if len(lengths) != 1:
            raise ValueError(
                f"frames hold {sorted(lengths)} points; expected at least one frame, and as many points in each"
            )


class Moves(Protocol):
    """What can be shown: it tells its picture, moving or still, as SVG."""

    def svg(self, moving: bool = True) -> str: ...


def show_moving(movie: Moves, alt: str) -> None:
    """Display a moving picture: its still frame, the moving one behind a click, and the same in words.

    With ``COURSE_VI_FIGURES=0``, as while a class is graded, there are the words alone.

    Args:
        alt: what the picture shows, in a sentence or two; never empty.
    """
    if told_in_words("moving picture", alt):
        return
    from IPython.display import HTML, display

    words, still = html.escape(alt, quote=True), _address(movie.svg(moving=False))
    name = f"movie-{hashlib.sha256(still.encode()).hexdigest()[:8]}"  # of two with one name, one is open
    moving = (
        f'<picture><source media="(prefers-reduced-motion: reduce)" srcset="{still}">'
        f'<img src="{_address(movie.svg())}" alt="{words}"></picture>'
    )
    display(
        HTML(
            f'<details name="{name}" open><summary>■ Still</summary><img src="{still}" alt="{words}"></details>'
            f'<details name="{name}"><summary>▶ Play</summary>{moving}</details>'
            f'<details style="color:{QUIET}"><summary>This figure in words</summary>{words}</details>'
        )
    )


def _address(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _text(x: float, y: float, text: str, colour: str, anchor: str, size: int) -> str:
    pieces = re.split(r"([_^](?:\{[^}]*\}|.))", text)
    told = ""
    for piece in pieces:
        if piece[:1] in ("_", "^") and len(piece) > 1:
            shift = "sub" if piece[0] == "_" else "super"
            told += f'<tspan baseline-shift="{shift}" font-size="70%">{escape(piece[1:].strip("{}"))}</tspan>'
        elif piece:
            told += f"<tspan>{escape(piece)}</tspan>"
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-size="{size}">{told}</text>'


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two others, four to eight of them."""
    step = 10.0 ** _floor_log10((high - low) / 5)
    step = next(step * factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 7)
    first = -int(-low // step) if low < 0 else -(-low // step)
    first = low // step if low % step == 0 else low // step + 1
    count = int((high - first * step) / step + 1e-9) + 1
    return [round((first + k) * step, 10) + 0.0 for k in range(count)]


def _floor_log10(value: float) -> int:
    return int(f"{value:e}".split("e")[1])
