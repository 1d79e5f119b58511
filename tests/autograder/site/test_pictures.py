"""The contact sheet shows every figure of the lectures with its words, and the style page what the code defines."""

from __future__ import annotations

import html
import io
import json
import re
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

from autograder.course import this_course
from autograder.site import contact_sheet, style_page
from course_vi.plots import specimens

COURSE = this_course()
LOOK = import_module("course_vi.plots.style")


@pytest.fixture(scope="module")
def pictures() -> list[contact_sheet.Picture]:
    return contact_sheet.pictures_of(COURSE)


def test_every_stored_figure_is_on_the_sheet(pictures: list[contact_sheet.Picture]) -> None:
    pages = [COURSE.lecture(name).read_text("utf-8") for name in COURSE.notebooks() if COURSE.lecture(name).exists()]  # fmt: skip
    outputs = [o for page in pages for cell in json.loads(page)["cells"] for o in cell.get("outputs", ())]  # fmt: skip
    still = sum("image/png" in output.get("data", {}) for output in outputs)
    moving = sum("Still</summary>" in "".join(o.get("data", {}).get("text/html", "")) for o in outputs)  # fmt: skip
    kinds = [picture.suffix for picture in pictures]
    assert still > 150 and moving >= 15
    assert (kinds.count("png"), kinds.count("svg")) == (still, moving)


def test_every_figure_has_words_and_a_name_of_its_own(
    pictures: list[contact_sheet.Picture],
) -> None:
    assert not [picture.name for picture in pictures if len(picture.alt.split()) < 6]
    assert len({picture.name for picture in pictures}) == len(pictures)


def test_the_sheet_links_what_is_there(
    pictures: list[contact_sheet.Picture], tmp_path: Path
) -> None:
    some = [*pictures[:5], next(picture for picture in pictures if picture.suffix == "svg")]
    contact_sheet.write_thumbnails(some, tmp_path / "small")
    text = contact_sheet.contact_sheet(some, "small", "lectures/{}.html")
    sources = re.findall(r'src="([^"]+)"', text)
    assert len(sources) == len(some) and all((tmp_path / source).exists() for source in sources)
    stems = set(re.findall(r'href="lectures/(\w+)\.html"', text))
    assert stems and all(COURSE.lecture(stem).exists() for stem in stems)
    assert all(html.escape(picture.alt) in text for picture in some)
    with Image.open(tmp_path / sources[0]) as image:
        assert image.width <= contact_sheet.WIDTH


def test_the_style_page_names_every_colour_of_the_code(
    pictures: list[contact_sheet.Picture],
) -> None:
    text = style_page.style_page(pictures)
    colours = {name for name, value in vars(LOOK).items() if isinstance(value, str) and re.fullmatch("#[0-9A-Fa-f]{6}", value)}  # fmt: skip
    assert colours - {"WHITE"} == set(specimens.palette()) | set(LOOK.MEANINGS)
    assert all(f"`{name}`" in text for name in colours - {"WHITE"})
    assert all(meaning in text for meaning in LOOK.MEANINGS.values())


def test_words_can_be_read_on_white() -> None:
    assert all(specimens.contrast(specimens.palette()[name]) >= 4.5 for name in specimens.WORDS)
    assert specimens.contrast("#ffffff") == 1 and round(specimens.contrast("#777777"), 2) == 4.48


@pytest.mark.parametrize("name", specimens.ALTS)
def test_a_specimen_is_drawn(name: str) -> None:
    with Image.open(io.BytesIO(LOOK.png(getattr(specimens, name)()))) as image:
        assert image.width > 300
