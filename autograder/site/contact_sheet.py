"""The contact sheet: every figure of the lectures, from their stored outputs, small, with its words below it."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from autograder.course import Course
from course_vi.syllabus import UNITS

__all__ = ["Picture", "contact_sheet", "pictures_of", "standalone", "write_thumbnails"]

WIDTH = 340  # pixels of a thumbnail
MOVIE = re.compile(r'<img src="data:image/svg\+xml;base64,([^"]+)"[^>]*?alt="([^"]*)"')
SHEET_STYLE = """<style>
.contact-sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(300px, 100%), 1fr)); gap: 1.2rem; }
.contact-sheet figure { margin: 0; }
.contact-sheet img { width: 100%; height: 210px; object-fit: contain; background: white; border: 1px solid #d0d0d0; }
.contact-sheet figcaption { font-size: 0.8rem; line-height: 1.35; text-align: left; color: inherit; }
</style>
"""


class Picture(NamedTuple):
    """A figure of a lecture.

    Attributes:
        lecture: its stem.
        number: which one of the lecture, from 1.
        data, suffix: the file, ``"png"`` or ``"svg"``.
        alt: its words.
        size: in pixels, of a PNG; None of a moving picture, of which this is the still frame.
    """

    lecture: str
    number: int
    data: bytes
    suffix: str
    alt: str
    size: tuple[int, int] | None

    @property
    def name(self) -> str:
        return f"{self.lecture}_{self.number:02d}.{self.suffix}"


def pictures_of(course: Course) -> list[Picture]:
    """All of them, lecture by lecture, in the order of the page."""
    found = []
    for stem in course.notebooks():
        page = course.lecture(stem)
        if page.exists():
            notebook = json.loads(page.read_text(encoding="utf-8"))
            outputs = [o for cell in notebook["cells"] for o in cell.get("outputs", ())]
            raw = [picture for output in outputs for picture in _pictures(output)]
            found += [Picture(stem, number, *one) for number, one in enumerate(raw, 1)]
    return found


def _pictures(output: dict[str, Any]) -> Iterator[tuple[bytes, str, str, tuple[int, int] | None]]:
    data = output.get("data", {})
    if "image/png" in data:
        content = base64.b64decode("".join(data["image/png"]))
        alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
        with Image.open(io.BytesIO(content)) as image:
            yield content, "png", alt, image.size
    movie = MOVIE.search("".join(data.get("text/html", "")))
    if movie:
        yield base64.b64decode(movie[1]), "svg", html.unescape(movie[2]), None


def write_thumbnails(pictures: Sequence[Picture], folder: Path) -> None:
    """Small files, one each: PNGs of 64 colours, SVGs as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        if picture.suffix == "png":
            with Image.open(io.BytesIO(picture.data)) as image:
                small = image.convert("RGB")
                small.thumbnail((WIDTH, 10 * WIDTH), Image.Resampling.LANCZOS)
                small.quantize(64).save(folder / picture.name, optimize=True)
        else:
            (folder / picture.name).write_bytes(picture.data)


def contact_sheet(pictures: Sequence[Picture], thumbnails: str, lectures: str) -> str:
    """The sheet, in HTML within Markdown.

    Args:
        thumbnails: where the small files lie, as the page sees it.
        lectures: the address of a lecture, with ``{}`` for its stem.
    """
    titles = {unit.stem: f"{unit.number:02d} {unit.title}" for unit in UNITS}
    moving = sum(picture.suffix == "svg" for picture in pictures)
    text = [
        f"# Contact sheet\n\nAll {len(pictures)} figures of the lectures, {moving} of them the still frames of moving ones, as stored; "
        "each leads to its lecture.\n",
        SHEET_STYLE,
    ]
    for stem, group in groupby(pictures, lambda picture: picture.lecture):
        cells = "\n".join(
            f'<figure><a href="{lectures.format(stem)}"><img loading="lazy" src="{thumbnails}/{picture.name}" '
            f'alt="{html.escape(picture.alt)}"></a><figcaption>{picture.number}. {html.escape(picture.alt)}</figcaption></figure>'
            for picture in group
        )
        heading = titles.get(stem, stem.replace("_", " ").capitalize())
        text.append(f'\n## {heading}\n\n<div class="contact-sheet">\n{cells}\n</div>\n')
    return "\n".join(text)


def standalone(course: Course, folder: Path) -> Path:
    """The sheet as a page by itself, which a browser opens from the disk; the lectures are linked as notebooks."""
    pictures = pictures_of(course)
    write_thumbnails(pictures, folder / "thumbnails")
    notebooks = (course.root / "lectures").resolve().as_uri() + "/{}.ipynb"
    body = contact_sheet(pictures, "thumbnails", notebooks)
    body = re.sub(r"^(#+) (.*)$", lambda m: f"<h{len(m[1])}>{html.escape(m[2])}</h{len(m[1])}>", body, flags=re.MULTILINE)  # fmt: skip
    page = folder / "index.html"
    page.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact sheet</title>'
        f'<body style="font-family: sans-serif; max-width: 80rem; margin: 1rem auto">{body}</body></html>\n',
        encoding="utf-8",
    )
    return page
