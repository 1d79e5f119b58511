"""Slides: what the rules choose from a small lecture, and that every deck of the course holds to its form."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jupytext
import pytest

from autograder.build.masters import read_master
from autograder.commands import slides as command
from autograder.course import UsageError, this_course
from autograder.slides import deck
from autograder.slides.choose import slides
from autograder.slides.slide import Slide
from course_vi.syllabus import UNITS, Unit, of_number

LECTURES = [unit for unit in UNITS if this_course().lecture(unit.stem).exists()]
FEWEST, MOST = 20, 45
WORDS, LISTED = 110, 160  # on a slide; on one with a list
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (320).to_bytes(4, "big"))  # fmt: skip
MASTER = r"""# %% [markdown]
# # 03 · A small one
#
# Why it matters. And more.
#
# **After this unit you can**
# - do it;
# - prove it.

# %% [markdown]
# ## 0. Preflight
#
# Nothing of this.

# %% [markdown]
# ## 1. The bound
#
# Here is the bound. It has two parts:
#
# $$\mathcal L = a < b$$
#
# It is tight at
#
# $$q = p.$$
#
# > **Predict 1.** Which is larger?

# %%
predict("03_1", choices=["left", "right"])

# %%
show(draw())

# %%
reveal("03_1", "right")

# %% [markdown]
# <details><summary>Answer to Predict 1</summary>
#
# The right one. So
#
# $$a = 0,$$
#
# for ever.
#
# </details>

# %% [markdown] slide="skip"
# ### A remark
#
# Not on a slide.

# %% slide="show"
print("the point")

# %% [markdown]
# ## 2. Aside: more
#
# Long words.
#
# > **Predict 2.** How many?

# %%
predict("03_2")

# %% [markdown]
# <details><summary>Answer to Predict 2</summary>
#
# Two.
#
# </details>

# %% [markdown]
# ## Further reading
#
# Books.
"""


def small() -> dict[str, Any]:
    """The lecture above, its figure drawn."""
    notebook = json.loads(jupytext.writes(read_master(MASTER), fmt="ipynb"))
    for cell in notebook["cells"]:
        cell.setdefault("outputs", [])
        if "".join(cell["source"]).startswith("show("):
            words = "<details><summary>This figure in words</summary>a curve &amp; a line</details>"
            cell["outputs"] = [
                {"output_type": "display_data", "data": {"image/png": PIXEL.decode()}},
                {"output_type": "display_data", "data": {"text/html": words}},
            ]
    return notebook


def test_the_slides_of_a_small_lecture() -> None:
    found = slides(small(), of_number("03"))
    assert [(slide.kind, slide.title) for slide in found[:-1]] == [
        ("title", "The ELBO"),
        ("text", "After this unit you can"),
        ("text", "The bound"),
        ("poll", "Predict 1"),
        ("answer", "Answer to Predict 1"),
        ("text", "A remark"),
        ("poll", "Predict 2"),
        ("answer", "Answer to Predict 2"),
    ]
    assert found[-1].kind == "closing"
    bound, poll, answer, remark = found[2:6]
    assert bound.words == ["Here is the bound. It has two parts:", r"$$\mathcal L = a < b$$", "It is tight at", "$$q = p.$$"]  # fmt: skip
    assert poll.poll and (poll.poll.choices, poll.poll.truth) == (("left", "right"), "right")
    assert answer.words == ["The right one. So", "$$a = 0,$$"] and answer.picture
    assert answer.picture.alt == "a curve & a line" and answer.picture.aspect == 2
    assert remark.code == 'print("the point")' and not remark.words
    assert any("Not on a slide." in note for note in remark.notes)


def test_the_speaker_has_the_prose_that_no_slide_shows() -> None:
    found = slides(small(), of_number("03"))
    assert "for ever." in "\n".join(found[4].notes) and "for ever." not in "".join(found[4].words)


@pytest.mark.parametrize("outputs", [[0], [1]])
def test_a_figure_without_words_is_refused(outputs: list[int]) -> None:
    notebook = small()
    cell = next(cell for cell in notebook["cells"] if len(cell["outputs"]) == 2)
    cell["outputs"] = [cell["outputs"][k] for k in outputs]
    with pytest.raises(ValueError, match="words"):
        slides(notebook, of_number("03"))


def test_a_lecture_without_sections_is_refused() -> None:
    notebook = {"cells": [{"cell_type": "markdown", "metadata": {}, "source": "# 03 · Nothing"}]}
    with pytest.raises(ValueError, match="no section"):
        slides(notebook, of_number("03"))


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(UsageError, match="no unit 77"):
        command.main(["77"])


# ---- every lecture --------------------------------------------------------------------------------------------------------
class Page(HTMLParser):
    """What a deck fetches, and its sections: the classes of each, the words of its heading, its images, its notes."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.sections: list[dict[str, Any]] = []
        self._heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [str(given[k]) for k in ("src", "href", "data-moving") if k in given]
        if tag == "section":
            self.sections.append({"class": given["class"], "heading": "", "alts": [], "notes": 0})
        elif tag == "img":
            self.sections[-1]["alts"].append(given.get("alt", ""))
        elif tag == "aside":
            self.sections[-1]["notes"] += 1
        self._heading = tag in ("h1", "h2") or (self._heading and tag not in ("div", "section"))

    def handle_endtag(self, tag: str) -> None:
        self._heading = self._heading and tag not in ("h1", "h2")

    def handle_data(self, data: str) -> None:
        if self._heading:
            self.sections[-1]["heading"] += data


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Slide]]]:
    out = tmp_path_factory.mktemp("slides") / "decks"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deck, "programs", lambda folder: None)  # those are for a browser
        return out, deck.build_decks(this_course(), out, LECTURES)


@pytest.mark.parametrize("unit", LECTURES, ids=lambda unit: unit.stem)
def test_every_deck_holds_to_its_form(unit: Unit, decks: tuple[Path, dict[str, list[Slide]]]) -> None:  # fmt: skip
    out, all_slides = decks
    found = all_slides[unit.stem]
    assert FEWEST <= len(found) <= MOST
    master = this_course().lecture(unit.stem).with_suffix(".py").read_text("utf-8")
    asked = list(map(int, re.findall(r"(?m)^# > \*\*Predict (\d+)\.\*\*", master)))
    polls = [slide.poll for slide in found if slide.kind == "poll"]
    assert [poll.number for poll in polls if poll] == asked
    for poll in filter(None, polls):
        assert not poll.choices or poll.truth in poll.choices, poll
    for before, after in zip(found, found[1:], strict=False):
        assert before.kind != "poll" or after.kind == "answer", after.title
    told = [slide for slide in found if slide.title.startswith("Answer to Predict")]
    assert len(told) == len(asked) and all(slide.words for slide in told)
    for slide in found:
        most = LISTED if slide.lists else WORDS
        assert slide.words_in_all <= most, slide.title
        assert slide.filled or slide.kind in ("part", "title"), slide.title
    assert found[0].kind == "title" and found[-1].kind == "closing"
    assert any(slide.title == "What to remember" for slide in found)
    assert sum(len(note.split()) for slide in found for note in slide.notes) > 500


@pytest.mark.parametrize("unit", LECTURES, ids=lambda unit: unit.stem)
def test_every_page_names_its_slides_and_pictures_and_fetches_nothing(
    unit: Unit, decks: tuple[Path, dict[str, list[Slide]]]
) -> None:
    out, all_slides = decks
    text = (out / f"{unit.stem}.html").read_text("utf-8")
    page = Page()
    page.feed(text)
    assert len(page.sections) == len(all_slides[unit.stem])
    for section in page.sections:
        assert section["heading"].strip() and section["notes"] == 1, section
        assert all(len(alt) > 20 for alt in section["alts"]), section
    for address in page.fetched:
        assert address.startswith(("programs/", "pictures/", "data:,")), address
        assert not address.startswith("pictures/") or (out / address).stat().st_size
    assert "$" not in re.sub(r"\\\(.*?\\\)|<(pre|code)\b.*?</\1>", "", text, flags=re.DOTALL)


def test_the_index_leads_to_every_deck(decks: tuple[Path, dict[str, list[Slide]]]) -> None:
    out, all_slides = decks
    linked = re.findall(r'href="([^"]+\.html)"', (out / "index.html").read_text("utf-8"))
    assert linked == [f"{stem}.html" for stem in all_slides]
    assert len(linked) == len(LECTURES) == 20
