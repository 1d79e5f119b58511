"""Pages of the students' repository that differ from the course's own: the README, the Makefile, and links to what stays behind."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from posixpath import normpath

from autograder.course import Course
from course_vi.syllabus import table

__all__ = ["makefile", "read_me", "without_dead_links"]

TEMPLATE = Path(__file__).parent / "templates" / "public_readme.txt"
TARGETS = {"help", "setup", "lab", "clean"}
RULE = re.compile(r"^([a-z][\w -]*):(?!=)", re.MULTILINE)
PHONY = re.compile(r"^\.PHONY:.*$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def read_me(course: Course) -> str:
    """The students' README, with the table of the units that are there."""
    here = {
        int(unit[:2])
        for unit in course.units()
        if course.lecture(unit).is_file() and course.release(unit).is_file()
    }
    return TEMPLATE.read_text("utf-8").replace("{units}", table(here))


def makefile(text: str) -> str:
    """The Makefile with those targets alone that a student has a use for.

    >>> makefile("A := 1\\n\\nlab:  ## open it\\n\\ttrue\\n\\ngrade:  ## grade\\n\\tfalse\\n")
    'A := 1\\n\\nlab:  ## open it\\n\\ttrue\\n'
    """
    kept = []
    for block in text.strip("\n").split("\n\n"):
        found = RULE.search(block)
        if not found or found[1] in TARGETS:
            kept.append(block)
    return PHONY.sub(".PHONY: help setup lab clean", "\n\n".join(kept)) + "\n"


def without_dead_links(name: str, text: str, files: Collection[str]) -> str:
    """A page in which a link to what students do not get is its words alone.

    >>> without_dead_links("docs/a.md", "[b](b.md), [c](../c.md), [d](https://d)", {"c.md"})
    'b, [c](../c.md), [d](https://d)'
    """
    folders = {str(parent) for each in files for parent in PurePosixPath(each).parents}

    def kept(found: re.Match[str]) -> str:
        place = found[2]
        if ":" in place:
            return found[0]
        target = normpath(str(PurePosixPath(name).parent / place))
        return found[0] if target in files or target in folders else found[1]

    return LINK.sub(kept, text)
