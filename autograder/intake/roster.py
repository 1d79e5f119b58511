"""Who should hand in: Canvas's exported gradebook, or Moodle's grading worksheet."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Person", "match", "people"]

SUBMITTED = "Last modified (submission)"


@dataclass(frozen=True)
class Person:
    """What a roster says of a student. ``anonymous`` where Moodle hides the name."""

    first: str = ""
    last: str = ""
    email: str = ""
    when: str = ""
    login: str = ""

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}".strip()


def people(path: Path) -> dict[str, Person]:
    """A roster by number.

    Raises:
        ValueError: it is neither of the two, or a number stands in it twice.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.DictReader(file) if any(line.values())]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name} is no CSV in UTF-8: {error}") from None
    found: dict[str, Person] = {}
    for line in lines:
        canvas = "Student" in line and "ID" in line
        number = (line.get("ID") if canvas else line.get("Identifier") or "") or ""
        name = (line.get("Student") if canvas else line.get("Full name")) or ""
        number = number.removeprefix("Participant ").strip()
        if canvas and name.strip() == "Student, Test":
            continue  # Canvas's own, who hands in nothing
        if number in found:
            raise ValueError(f"{path.name} has the number {number} twice; which line is right?")
        if number:
            last, _, first = name.partition(", ") if ", " in name else name.rpartition(" ")[::-1]
            login = line.get("SIS Login ID") or ""
            found[number] = Person(
                first, last, line.get("Email address") or "", line.get(SUBMITTED) or "", login
            )
    if not found:
        raise ValueError(
            f"{path.name} is neither Canvas's gradebook (columns Student, ID) nor Moodle's worksheet (columns Identifier, Full name), "
            "in English"
        )
    return found


def match(folder: str, roster: Mapping[str, Person]) -> list[str]:
    """The numbers of those whom the name of a folder may mean: by number, login, address or name, in that order.

    >>> roster = {"501": Person("Ada", "King", "ada@x.org"), "502": Person("Jo", "Li"), "503": Person("Jo", "Li")}
    >>> match("501", roster), match("ada", roster), match("King, Ada", roster), match("Jo Li", roster), match("eve", roster)
    (['501'], ['501'], ['501'], ['502', '503'], [])
    """
    wanted = _plain(folder)
    for names in (
        lambda number, person: {number},
        lambda number, person: {person.login},
        lambda number, person: {person.email, person.email.partition("@")[0]},
        lambda number, person: {person.name, f"{person.last} {person.first}"},
    ):
        found = [
            number
            for number, person in roster.items()
            if wanted in {_plain(name) for name in names(number, person) if name.strip()}
        ]
        if found:
            return found
    return []


def _plain(name: str) -> str:
    """A name without what people write differently: case, accents' encoding, commas, underscores, runs of spaces."""
    text = unicodedata.normalize("NFC", name).casefold().replace(",", " ").replace("_", " ")
    return " ".join(text.split())
