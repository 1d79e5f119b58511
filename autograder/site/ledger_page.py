"""The ledger as a page: every system that the sources name, with links to where it is taught and exercised."""

from __future__ import annotations

import re
from collections.abc import Callable

from autograder.checks.lecture_links import anchor
from autograder.units import EXERCISES
from course_vi.ledger import ROWS, SEEDS, SIGNATURES, Place, System
from course_vi.syllabus import UNITS

__all__ = ["anchor_of_book", "ledger_page"]

ABOUT = """Five lecture texts were the course's sources, and nothing that they name may be missing. For each thing: the sections
that teach it, what `course_vi` has of it, the exercises that grade it, and the tests that prove it. Where one of these is missing on
purpose, the table says why. `course_vi.ledger.find("jackknife")` asks the same from Python. A test walks this page: every
heading, name, exercise and test is there, and each test uses what it is said to prove. (Tests lie in `tests/`. One that reads
"markov blankets" is run by `python -m pytest tests/core/test_graph.py::test_markov_blankets`.)"""
AFTER_SIGNATURES = """The letter S before the title of an exercise means that it ends in a measured agreement with an exact answer that you
predicted. Ten have a number; some other units have one of their own."""


def ledger_page(anchored: Callable[[str], str] = anchor) -> str:
    """The page in Markdown, for ``docs/ledger.md``; links are relative to that folder.

    Args:
        anchored: from a heading to the name that a reader's tool gives it; JupyterLab's, unless told.
    """
    text = ["# The ledger: what the sources name, and where it is\n", ABOUT, ""]
    text += [f"- **{key}**: {title}" for key, title in SEEDS.items()]
    for row in ROWS:
        text += [f"\n## {row.title[:1].upper()}{row.title[1:]}\n"]
        text += ["| what, and its sources | taught | in `course_vi` | exercised | proven |"]
        text += ["|---|---|---|---|---|"]
        for system in row.systems:
            coded = _list([f"`{name}`" for name in system.coded], system.no_code)
            what = f"{system.name} ({', '.join(system.seeds)})"
            cells = [what, _taught(system, anchored), coded, _exercised(system), _proven(system)]
            text.append(_line(cells))
    text += [f"\n## The signature exercises\n\n{AFTER_SIGNATURES}\n"]
    text += ["| | what agrees | taught | exercised | proven |", "|---|---|---|---|---|"]
    for one in SIGNATURES:
        cells = [one.name, one.agrees, _taught(one, anchored), _exercised(one), _proven(one)]
        text.append(_line(cells))
    return "\n".join(text) + "\n"


def anchor_of_book(heading: str) -> str:
    """The name that the book gives to a heading; formulas do not come into it.

    >>> anchor_of_book("6. Which KL?"), anchor_of_book("5. When $q$ is not free")
    ('6-which-kl', '5-when--is-not-free')
    """
    words = re.sub(r"\$[^$]*\$", "", heading)
    return re.sub(r"[^\w\- ]", "", words.strip().lower().replace(" ", "-"))


def _taught(system: System, anchored: Callable[[str], str]) -> str:
    return _list([_section(place, anchored) for place in system.taught], "")


def _section(place: Place, anchored: Callable[[str], str]) -> str:
    (stem,) = [unit.stem for unit in UNITS if unit.number == place.unit]
    mark = anchored(place.heading)
    mark = (
        "" if re.search(r"[$()\\]", mark) else f"#{mark}"
    )  # a formula's anchor depends on the tool
    heading = place.heading.replace("|", "\\|")
    return f"{place.unit:02d} [{heading}](../lectures/{stem}.ipynb{mark})"


def _exercised(system: System) -> str:
    found = []
    for key in system.exercised:
        one = EXERCISES[key]
        found.append(f"{key[:2]} [{one.title}](../notebooks/{one.unit}/{one.unit}.ipynb)")
    return _list(found, system.no_exercise)


def _proven(system: System) -> str:
    """Tests have sentences for names; under each file they stand as such."""
    files: dict[str, list[str]] = {}
    for test in system.proven:
        file, _, name = test.removeprefix("tests/").partition("::test_")
        files.setdefault(file, []).append(name.replace("_", " "))
    return _list(
        [f"`{file}`: {'; '.join(names)}" for file, names in files.items()], system.no_proof
    )


def _list(entries: list[str], reason: str) -> str:
    return "<br>".join(entries) if entries else f"*none: {reason}*"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
