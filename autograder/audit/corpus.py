"""The corpus of answers: what proves that the checks are fair and that they see. One file per exercise, ``answers/EXERCISE.py``.

Its sections begin like jupytext's cells. A right answer is written out; right ones differ in their idiom::

    # %% right NAME: what its idiom is, in a sentence
    def answer(...): ...

A wrong one names the right answer that it comes from, what is wrong in a sentence, and the diagnosis it should get. Only the lines
that differ are written, as comments: two characters that say what the line is, a space, and the line as it stands::

    # %% wrong NAME, from right PARENT: what is wrong
    # diagnosis: KEY
    #      a line of PARENT that stays (#, space, space, the line)
    #-     a line of PARENT that goes
    #+     a line that takes its place
    #@@
    #-     another place

Places are parted by ``#@@``; the lines of one that are in PARENT must be found there exactly once. A wrong answer that has little in
common with any right one is written out as well. Where chance decides what is told, both are named: ``# diagnosis: KEY or KEY``.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from autograder import units
from autograder.units import EXERCISES

__all__ = ["Answer", "CorpusError", "answers", "corpus", "difference", "patched"]

UNITS = Path(units.__file__).parent
HEAD = re.compile(r"# %% (right|wrong) (\w+)(?:, from right (\w+))?: (\S.*)")
DIAGNOSIS = re.compile(r"# diagnosis: (\S.*)")
PLACE = "#@@"
KINDS = {"# ": "stays", "#-": "goes", "#+": "comes"}


class CorpusError(ValueError):
    """A file of answers that cannot be read: it names the file and the section."""


@dataclass(frozen=True)
class Answer:
    """One answer to one exercise.

    Attributes:
        name: the exercise, and what the answer is called: ``"09_vafc/wrong_b_zero"``.
        diagnosis: the key that its report must hold, or ``"KEY or KEY"``; empty for a right answer.
        source: the code of the learner's cell.
        parent: the name of the right answer that a wrong one comes from; empty for a right answer.
        says: the idiom of a right answer; what is wrong with a wrong one.
    """

    exercise: str
    name: str
    right: bool
    diagnosis: str
    source: str
    parent: str
    says: str

    @property
    def short(self) -> str:
        """The name within the exercise, such as ``"wrong_b_zero"``."""
        return self.name.partition("/")[2]

    def named_in(self, keys: Collection[str]) -> bool:
        """Whether a report with these diagnoses says what is wrong."""
        return not set(self.diagnosis.split(" or ")).isdisjoint(keys)

    def load(self) -> Any:
        """Run the source as a learner's cell, and return the object that the exercise asks for."""
        place = f"<{self.name}>"
        linecache.cache[place] = (
            len(self.source),
            None,
            self.source.splitlines(keepends=True),
            place,
        )
        namespace: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(self.source, place, "exec"), namespace)
        function = EXERCISES[self.exercise].function
        if function not in namespace:
            raise CorpusError(f"{self.name} does not define {function}")
        return namespace[function]


def corpus(unit: str | None = None) -> list[Answer]:
    """All answers, or those of one unit, in the order of the exercises."""
    found = list[Answer]()
    for exercise in EXERCISES.values():
        path = UNITS / f"unit_{exercise.number}" / "answers" / f"{exercise.id[3:]}.py"
        if unit in (None, exercise.unit) and path.exists():
            found += answers(exercise.id, path.read_text(encoding="utf-8"), path.name)
    return found


@cache  # hundreds of tests ask for the whole corpus
def answers(exercise: str, text: str, file: str = "") -> tuple[Answer, ...]:
    """The answers in the text of one file.

    Raises:
        CorpusError: a section is malformed, or the lines of a wrong answer are not those of its parent.
    """
    file = file or f"{exercise[3:]}.py"
    found: dict[str, Answer] = {}
    before, *sections = re.split(r"^(?=# %%)", text, flags=re.MULTILINE)
    if before.strip():
        raise CorpusError(
            f"{file} begins with {before.strip().splitlines()[0]!r}; expected '# %% right NAME: a sentence'"
        )
    for section in sections:
        first, _, body = section.partition("\n")
        try:
            answer = _answer(exercise, first, body, found)
        except CorpusError as error:
            raise CorpusError(f"{file}, section {first!r}: {error}") from None
        if answer.name in found:
            raise CorpusError(f"{file}, section {first!r}: there is one of this name already")
        found[answer.name] = answer
    return tuple(found.values())


def _answer(exercise: str, first: str, body: str, before: dict[str, Answer]) -> Answer:
    head = HEAD.fullmatch(first)
    if head is None:
        raise CorpusError(
            "expected '# %% right NAME: a sentence' or '# %% wrong NAME, from right PARENT: a sentence'"
        )
    kind, name, parent, says = head.groups()
    if (kind == "wrong") != (parent is not None):
        raise CorpusError("a wrong answer comes 'from right PARENT', and a right one from none")
    name, source, diagnosis = f"{exercise}/{kind}_{name}", body.strip("\n"), ""
    if kind == "wrong":
        parent = f"{exercise}/right_{parent}"
        line, _, source = source.partition("\n")
        match = DIAGNOSIS.fullmatch(line)
        if match is None:
            raise CorpusError(f"its first line is {line!r}; expected '# diagnosis: KEY'")
        if parent not in before:
            raise CorpusError(f"there is no {parent} before it")
        diagnosis, source = match[1], source.strip("\n")
        if source and all(line.startswith("#") for line in source.splitlines()):
            source = patched(before[parent].source, source)
    if not source.strip():
        raise CorpusError("it has no code")
    return Answer(
        exercise, name, kind == "right", diagnosis, source.strip("\n") + "\n", parent or "", says
    )


def patched(parent: str, changes: str) -> str:
    """The source of a wrong answer, from that of its parent and the lines that differ.

    >>> print(patched("a = 1\\nb = 2\\n", "#- b = 2\\n#+ b = 3"))
    a = 1
    b = 3
    """
    old, done, new = parent.splitlines(), 0, []
    for place in re.split(rf"^{PLACE}$", changes, flags=re.MULTILINE):
        marked = [
            (KINDS.get(line[:2].ljust(2)), line[3:], line)
            for line in place.strip("\n").splitlines()
        ]
        for kind, _, line in marked:
            if kind is None or line[2:3].strip():
                raise CorpusError(
                    f"{line!r} is no changed line: expected '#- ', '#+ ' or '#  ' before it"
                )
        wanted = [text for kind, text, _ in marked if kind != "comes"]
        where = _places(old, wanted)
        if len(where) != 1 or where[0] < done or not wanted:
            raise CorpusError(
                f"these lines are in its parent {len(where)} times, in this order; expected once: {wanted}"
            )
        new += [*old[done : where[0]], *(text for kind, text, _ in marked if kind != "goes")]
        done = where[0] + len(wanted)
    return "\n".join([*new, *old[done:]]).strip("\n")


def difference(parent: str, source: str) -> str:
    """What ``patched`` needs to make ``source`` from its parent: the lines that differ, and no more around them than it takes.

    >>> print(difference("a = 1\\nb = 2\\n", "a = 1\\nb = 3\\n"))
    #- b = 2
    #+ b = 3
    """
    old, new = parent.splitlines(), source.splitlines()
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    spans: list[tuple[int, int]] = []
    for tag, start, end, _, _ in steps:
        if tag == "equal":
            continue
        while start == end or len(_places(old, old[start:end])) > 1:
            start, end = (start - 1, end) if start > 0 else (start, end + 1)
            if end < len(old) and len(_places(old, old[start:end])) > 1:
                end += 1
        while spans and start < spans[-1][1]:
            start = min(start, spans.pop()[0])
        spans.append((start, end))
    return f"\n{PLACE}\n".join("\n".join(_marked(old, new, steps, *span)) for span in spans)


def _marked(
    old: Sequence[str],
    new: Sequence[str],
    steps: Sequence[tuple[str, int, int, int, int]],
    start: int,
    end: int,
) -> list[str]:
    lines: list[str] = []
    for tag, i, j, k, m in steps:
        if tag == "equal":
            lines += [f"#  {line}" for line in old[max(i, start) : min(j, end)]]
        elif start <= i and j <= end:
            lines += [*(f"#- {line}" for line in old[i:j]), *(f"#+ {line}" for line in new[k:m])]
    return [line.rstrip() for line in lines]


def _places(lines: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Where these lines stand, one after the other."""
    return [
        start
        for start in range(len(lines) - len(wanted) + 1)
        if list(lines[start : start + len(wanted)]) == list(wanted)
    ]
