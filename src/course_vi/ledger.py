"""The ledger: every system that the course's sources name, where it is taught, coded, exercised and proven.

It is kept in ``ledger.toml``, and ``docs/ledger.md`` shows it with links. A test walks it: every heading, name, exercise and test is there,
and what a test proves it also runs. Where something is missing on purpose, the ledger says why.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["ROWS", "SEEDS", "SIGNATURES", "Place", "Row", "System", "find", "read"]


class Place(NamedTuple):
    """A section of a lecture.

    Attributes:
        unit: its number.
        heading: word for word, the section's own number included.
    """

    unit: int
    heading: str


class System(NamedTuple):
    """One thing that the sources name, or a signature exercise.

    Attributes:
        name: what it is called.
        taught: sections of lectures.
        exercised: keys of graded exercises; empty with ``no_exercise``, a reason.
        proven: tests, as pytest names them; empty with ``no_proof``, a reason.
        coded: names in ``course_vi``, that word left out; empty with ``no_code``, a reason.
        seeds: the sources that name it, keys of ``SEEDS``.
        agrees: of a signature exercise, what is predicted and what is measured.
    """

    name: str
    taught: tuple[Place, ...]
    exercised: tuple[str, ...]
    proven: tuple[str, ...]
    coded: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    no_code: str = ""
    no_exercise: str = ""
    no_proof: str = ""
    agrees: str = ""


class Row(NamedTuple):
    """What the sources ask for.

    Attributes:
        title: as the syllabus has it.
        seeds: the sources that name it.
        units: numbers of the units that must teach it.
        systems: the single things in it.
    """

    title: str
    seeds: tuple[str, ...]
    units: tuple[int, ...]
    systems: tuple[System, ...]


def read(text: str) -> tuple[dict[str, str], tuple[Row, ...], tuple[System, ...]]:
    """Sources, rows and signature exercises of a ledger in TOML.

    Raises:
        TypeError: an entry has a field that is not known here, or lacks one.
        ValueError: a place does not begin with the two digits of a unit.
    """
    found = tomllib.loads(text)
    rows = tuple(
        Row(
            row["title"],
            tuple(row["seeds"]),
            tuple(row["units"]),
            tuple(_system(entry) for entry in row.get("system", ())),
        )
        for row in found["row"]
    )
    return found["seeds"], rows, tuple(_system(entry) for entry in found["signature"])


def find(word: str) -> tuple[System, ...]:
    """The systems whose names hold this word.

    >>> [place.heading for system in find("jackknife") for place in system.taught]
    ['2. Other averages of the same weights']
    >>> find("astrology")
    ()
    """
    return tuple(
        system for row in ROWS for system in row.systems if word.lower() in system.name.lower()
    )


def _system(entry: dict[str, Any]) -> System:
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    fields["taught"] = tuple(_place(each) for each in entry.get("taught", ()))
    return System(**fields)


def _place(text: str) -> Place:
    number, _, heading = text.partition(" ")
    if len(number) != 2 or not number.isdigit() or not heading:
        raise ValueError(f"place is {text!r}; expected one such as '03 6. Which KL?'")
    return Place(int(number), heading)


SEEDS, ROWS, SIGNATURES = read(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
