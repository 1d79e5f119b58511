r"""Does anything leak? Every object of the students' repository, old ones included, is compared with everything that must stay behind.

A secret is the body of a solution, a model answer with its mark scheme, the explanation of a solution, or whatever else is handed
in as one (the command hands in the right answers of the corpus). It is cut into all its runs of twelve words (``\w+``: brackets,
spaces, markup and line ends hide nothing), and so is every file, every member of an archive and every text inside a notebook, in every
version that the repository holds, and every commit's message. A file leaks a secret if it holds two fifths of its runs, or thirty of
them. Short turns of phrase and of code that two texts have in common by chance stay below; the nearest is told.

What this cannot see: a solution in other words or with other names, and solutions of fewer than twelve words, which are told by name.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.build import masters
from autograder.build.public import wanted
from autograder.course import Course

__all__ = ["Leak", "Secret", "compare", "names_ever", "objects", "runs", "secrets"]

WORDS = 12
SHARE, MANY = 0.4, 30
BODY = re.compile(r"BEGIN SOLUTION[^\n]*\n(.*?)[^\n]*END SOLUTION", re.DOTALL)
MADE = {"autograder/units/checks.zip"}  # what the course itself does not hold
KINDS = {
    "exercise": "solution",
    "written": "model answer and mark scheme",
    "solution_only": "explanation",
}


@dataclass(frozen=True)
class Secret:
    """Something of the solutions: the exercise, what of it, and its runs of words."""

    exercise: str
    kind: str
    runs: frozenset[int]


@dataclass(frozen=True)
class Leak:
    """How much of a secret a text holds.

    >>> Leak("03_gap", "solution", "README.md", 2, 10).bad, Leak("03_gap", "solution", "README.md", 4, 10).bad
    (False, True)
    """

    exercise: str
    kind: str
    place: str
    shared: int
    of: int

    @property
    def bad(self) -> bool:
        return self.shared >= MANY or self.shared >= SHARE * self.of

    def __str__(self) -> str:
        return f"{self.place} holds {self.shared / self.of:.0%} of the {self.kind} of {self.exercise} ({self.shared} of {self.of} runs)"


def runs(text: str) -> frozenset[int]:
    """The runs of twelve words of a text.

    >>> runs("one two") == frozenset(), len(runs("a b c d e f g h i j k l m"))
    (True, 2)
    """
    words = re.findall(r"\w+", text.lower())
    return frozenset(
        hash(tuple(words[start : start + WORDS])) for start in range(len(words) - WORDS + 1)
    )


def secrets(course: Course) -> list[Secret]:
    """Everything of the solutions that students must not get."""
    found = []
    for unit in course.units():
        master = course.source(unit, ".py")
        if not master.is_file():
            continue
        for cell in masters.read_master(master.read_text("utf-8")).cells:
            kind, name = masters.marker_of(cell) or ("", "")
            if kind in KINDS:
                text = "\n".join(BODY.findall(cell.source)) if kind == "exercise" else cell.source
                found.append(Secret(name, KINDS[kind], runs(text)))
    return found


def compare(known: Iterable[Secret], texts: Iterable[tuple[str, bytes]]) -> list[Leak]:
    """What each text has in common with each secret, the most first; those with nothing in common are left out."""
    by_run: dict[int, list[int]] = {}
    listed = list(known)
    for number, secret in enumerate(listed):
        for run in secret.runs:
            by_run.setdefault(run, []).append(number)
    found = []
    for place, data in texts:
        shared: dict[int, int] = {}
        for text in _texts(data):
            for run in runs(text) & by_run.keys():
                for number in by_run[run]:
                    shared[number] = shared.get(number, 0) + 1
        found += [
            Leak(listed[n].exercise, listed[n].kind, place, count, len(listed[n].runs))
            for n, count in shared.items()
        ]
    return sorted(found, key=lambda leak: (-leak.bad, -leak.shared / leak.of))


def objects(repository: Path) -> Iterator[tuple[str, bytes]]:
    """Every object that a repository holds, whether a branch leads to it or not: its name or kind, and its content."""
    names = _names(repository)
    data = io.BytesIO(_git(repository, "cat-file", "--batch-all-objects", "--batch"))
    while header := data.readline().decode().split():
        name, kind, size = header
        content = data.read(int(size))
        data.readline()  # the end of the line that follows an object
        if kind != "tree":
            yield names.get(name, f"{kind} {name[:10]}"), content


def names_ever(repository: Path) -> list[str]:
    """Files that the repository held at any time and that students do not get."""
    return sorted({name for name in _names(repository).values() if not wanted(name)} - MADE)


def _names(repository: Path) -> Mapping[str, str]:
    """The name of each file of each commit, by the object that holds its content."""
    found = {}
    for commit in _git(repository, "rev-list", "--all").decode().split():
        tree = _git(repository, "ls-tree", "-r", "-z", commit).decode()
        for entry in filter(None, tree.split("\0")):
            about, name = entry.split("\t", 1)
            found[about.split()[2]] = name
    return found


def _texts(data: bytes) -> Iterator[str]:
    """What can be read in a file: the texts of a notebook or of JSON as they are shown, the members of an archive."""
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _texts(archive.read(name))
        return
    text = data.decode("utf-8", errors="replace")
    if text.lstrip().startswith(("{", "[")):
        try:
            text = "\n\n".join(_strings(json.loads(text)))
        except ValueError:
            pass  # it only looked like JSON
    yield text


def _strings(value: object) -> Iterator[str]:
    """All texts of a JSON value; a list of lines is one text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if all(isinstance(each, str) for each in value):
            yield "".join(value)
        else:
            for each in value:
                yield from _strings(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)


def _git(repository: Path, *words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=repository, check=True, capture_output=True).stdout
