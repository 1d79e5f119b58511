"""Write the decks: a page for each lecture, its pictures, an index, and beside them the programs that show them."""

from __future__ import annotations

import hashlib
import html
import importlib.util
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from autograder.course import Course, UsageError
from autograder.slides.choose import slides
from autograder.slides.render import section
from autograder.slides.slide import Slide
from course_vi.syllabus import UNITS, Unit

__all__ = ["build_decks", "programs"]

OWN = ("slides.css", "slides.js")
REVEAL = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/theme/white.css", "plugin/notes/notes.js")  # fmt: skip
FONT = "dist/theme/fonts/source-sans-pro"
MATHJAX = "tex-svg-full.js"  # glyphs are drawn, so that no font is fetched
SETTINGS = """{
  tex: {inlineMath: [["\\\\(", "\\\\)"]], displayMath: [["\\\\[", "\\\\]"]]},
  svg: {fontCache: "none", scale: 0.93},
  options: {enableMenu: false}
}"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="programs/dist/reset.css">
<link rel="stylesheet" href="programs/dist/reveal.css">
<link rel="stylesheet" href="programs/dist/theme/white.css">
<link rel="stylesheet" href="programs/slides.css">
</head>
<body>
<main class="reveal"><div class="slides">
{slides}
</div></main>
<script>window.MathJax = {settings};</script>
<script src="programs/mathjax.js"></script>
<script src="programs/dist/reveal.js"></script>
<script src="programs/plugin/notes/notes.js"></script>
<script src="programs/slides.js"></script>
</body>
</html>
"""
INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>course_vi: slides</title>
<link rel="icon" href="data:,">
<style>
body {{ font: 18px/1.5 "Source Sans Pro", "Segoe UI", "DejaVu Sans", sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; }}
td, th {{ padding: 0.2em 1.2em 0.2em 0; text-align: left; }}
a {{ color: #0072b2; }}
</style>
</head>
<body>
<main>
<h1>Slides</h1>
<p>A deck for each lecture. Space goes on; <kbd>s</kbd> opens the speaker's view, with notes; <kbd>o</kbd> shows all slides;
<kbd>1</kbd> to <kbd>9</kbd> count hands on a prediction; <code>?print-pdf</code> at the end of the address makes pages to print.</p>
<table>
<thead><tr><th>Lecture</th><th>slides</th><th>predictions</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""


def build_decks(course: Course, out: Path, units: Sequence[Unit] = UNITS) -> dict[str, list[Slide]]:
    """Write a deck for every lecture that stands; the slides of each, by the name of its unit.

    Args:
        out: the folder of the decks. What stood there is removed.

    Raises:
        UsageError: Reveal.js or MathJax is not installed.
    """
    if out.exists():
        shutil.rmtree(out)
    (out / "pictures").mkdir(parents=True)
    programs(out / "programs")
    decks: dict[str, list[Slide]] = {}
    for unit in units:
        lecture = course.lecture(unit.stem)
        if not lecture.exists():
            continue
        found = slides(json.loads(lecture.read_text(encoding="utf-8")), unit)
        page = PAGE.format(
            title=html.escape(f"{unit.number:02d} {unit.title}"),
            slides="\n".join(
                section(slide, lambda *picture: _place(out, *picture)) for slide in found
            ),
            settings=SETTINGS,
        )
        (out / f"{unit.stem}.html").write_text(page, encoding="utf-8")
        decks[unit.stem] = found
    rows = "\n".join(_row(unit, decks[unit.stem]) for unit in units if unit.stem in decks)
    (out / "index.html").write_text(INDEX.format(rows=rows), encoding="utf-8")
    return decks


def programs(folder: Path) -> None:
    """Copy Reveal.js, MathJax and our own style and script to a folder.

    Reveal.js comes with the package ``sphinx-revealjs`` (MIT; its font under the SIL Open Font License), MathJax with
    ``sphinx-mathjax-offline`` (Apache 2.0): both are pinned, and nothing of them is kept in the repository.

    Raises:
        UsageError: one of them is not installed.
    """
    reveal = _installed("sphinx_revealjs") / "_static" / "revealjs"
    for name in (*REVEAL, *(f"{FONT}/{path.name}" for path in (reveal / FONT).iterdir())):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(reveal / name, target)
    mathjax = _installed("sphinx-mathjax-offline") / "static" / "mathjax"
    shutil.copy(mathjax / MATHJAX, folder / "mathjax.js")
    for name in OWN:
        shutil.copy(Path(__file__).with_name(name), folder / name)


def _installed(package: str) -> Path:
    """Where a package lies; it is not imported, since we only want its files."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise UsageError(f"{package} is not installed here; `make slides` installs it")
    return Path(found.submodule_search_locations[0])


def _place(out: Path, data: bytes, suffix: str) -> str:
    """Keep a picture under a name that says what is in it; its address."""
    name = f"{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
    (out / "pictures" / name).write_bytes(data)
    return f"pictures/{name}"


def _row(unit: Unit, deck: Sequence[Slide]) -> str:
    count = sum(slide.kind == "poll" for slide in deck)
    title = html.escape(f"{unit.number:02d} {unit.title}")
    return f'<tr><td><a href="{unit.stem}.html">{title}</a></td><td>{len(deck)}</td><td>{count}</td></tr>'
