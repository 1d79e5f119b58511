"""From ``"lectures/03_elbo, Which KL?"`` to a link that JupyterLab opens at that section."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from course_vi.progress import work_folder
from course_vi.progress.questions import anchor

__all__ = ["anchor", "headings", "link"]

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
UP = "../../"  # a solution lies in solutions/NN_name/NN_name.ipynb
PLACE = re.compile(r"lectures/(?P<unit>\w+), (?:section (?P<number>\d+), )?(?P<title>.+)")
NUMBER = re.compile(r"^(\d+)\. ")


def link(place: str) -> str:
    """The address of a section, relative to a problem set; empty if there is no such section.

    A learner's problem set lies in ``work/NN_name`` and leads to the learner's copy of the lecture; any other to ``lectures/``.

    ``#heading=`` makes JupyterLab look through the headings of all cells, drawn yet or not.
    A title is that of a heading, its number left out: all of it, or a part before or after a colon.
    """
    found = PLACE.fullmatch(place)
    if not found:
        return ""
    title = _plain(found["title"])
    for heading in headings(found["unit"]):
        plain = _plain(NUMBER.sub("", heading))
        if title == plain or title in plain.split(": ") or title.split(": ")[0] == plain:
            folder = f"../{found['unit']}" if work_folder() else f"{UP}lectures"
            return f"{folder}/{found['unit']}.ipynb#heading={anchor(heading)}"
    return ""


@cache
def headings(unit: str) -> tuple[str, ...]:
    """The headings of a lecture, in order; none where lectures are not at hand."""
    path = LECTURES / f"{unit}.py"
    if not path.is_file():
        return ()
    return tuple(re.findall(r"^# #+ (.+?)\s*$", path.read_text(encoding="utf-8"), re.MULTILINE))


def _plain(title: str) -> str:
    return title.strip().lower()
