"""The contributors' guide shows the house as it is: its map is drawn from the imports, and the files it names are there."""

from __future__ import annotations

import re
import sys

from autograder.course import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import house_map  # noqa: E402


def test_the_map_is_the_one_that_the_imports_draw() -> None:
    text = house_map.PAGE.read_text("utf-8")
    assert text == house_map.page(text), "run python scripts/house_map.py --write"


def test_every_room_is_on_the_map_once() -> None:
    drawn = house_map.drawn()
    for name in house_map.arrows():
        assert drawn.count(f"| `{name.split('.')[1]}` |") == 1, name


def test_the_walks_name_files_that_are_there() -> None:
    text = house_map.PAGE.read_text("utf-8")
    walks = text[text.index("## Three walks") : text.index("## How to write a unit")]
    named = set(re.findall(r"`([\w/]+\.py)`", walks))
    places = (ROOT, ROOT / "src" / "course_vi", ROOT / "autograder")
    assert len(named) > 30
    assert not [name for name in named if not any((place / name).exists() for place in places)]
