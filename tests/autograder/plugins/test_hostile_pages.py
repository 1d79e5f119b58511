"""What students write is text: nothing of theirs on a page can be clicked, found by our scripts, or fetched from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hostile_text import ANSWERS, DOT, NOTES
from nbformat.v4 import new_code_cell, new_output

from autograder.intake import Refusal
from autograder.intake.names import printable
from autograder.plugins.pages import SafeOutputs, _rendered
from autograder.plugins.safe_html import COLOURS

LAYOUT = {"align", "colspan", "rowspan", "start", "alt"}
ACTIVE = set("a input button form script style iframe svg object base meta link".split())


class Elements(HTMLParser):
    """Every element of a page, with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", [*NOTES.values(), *ANSWERS.values()], ids=[*NOTES, *ANSWERS])
def test_a_students_text_has_nothing_to_click_to_find_or_to_fetch(text: str) -> None:
    page = _rendered(text)
    for tag, attributes in Elements(page).found:
        assert tag not in ACTIVE
        for name, value in attributes.items():
            if name == "class":
                assert set((value or "").split()) <= COLOURS
            elif name == "src":
                assert (value or "").startswith("data:image/png;base64,")
            else:
                assert name in LAYOUT
    acts = r"\\(class|cssId|href|style|mmlToken|require|bbox)\b"
    assert not re.search(acts, page)


def test_what_is_no_harm_stays() -> None:
    page = _rendered(
        "**So** $a<b$ and $\\classic$\n\n```python\nx = 1\n```\n\n- [x] done\n\n| a |\n|---|\n| 1 |"
    )
    assert "<strong>So</strong>" in page and "$a&lt;b$ and $\\classic$" in page and "☑ done" in page
    assert '<span class="n">x</span>' in page and "<td>1</td>" in page
    assert f'src="data:image/png;base64,{DOT}"' in _rendered(f"![p](data:image/png;base64,{DOT})")
    assert "here (https://arxiv.org/abs/1312.6114)" in _rendered(
        "[here](https://arxiv.org/abs/1312.6114)"
    )


def test_outputs_are_text_and_whole_pictures() -> None:
    """Sizes of pictures are put into tags without quotes by nbconvert, and data as they are: neither may carry attributes."""
    cell = new_code_cell("1")
    cell.execution_count = "1<b class=full-credit>"
    cell.outputs = [
        new_output("display_data", data={"image/png": DOT, "text/latex": r"$\class{full-credit}{x}$"},
                   metadata={"image/png": {"width": "1 class=full-credit id=00_why", "unconfined": True}}),
        new_output("display_data", data={"image/png": f'{DOT}"><b class="full-credit">', "text/plain": "seen"}),
    ]  # fmt: skip
    SafeOutputs().preprocess_cell(cell, {}, 0)
    first, second = cell.outputs
    assert first.metadata == {} and first.data["image/png"] == DOT and cell.execution_count is None
    assert r"\class" not in first.data["text/latex"] and second.data == {"text/plain": "seen"}


def test_names_of_files_do_not_reach_a_terminal_as_they_are() -> None:
    name = "evil\x1b[31m\x1b]0;pwned\x07\u202e.ipynb"
    for text in (printable(name), str(Refusal("another_unit", name))):
        assert text.isprintable() and "\\x1b" in text
