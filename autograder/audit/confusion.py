"""The confusion table: key by key, which wrong answers and which mutants were told it, and where that contradicts what they declare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from autograder.checks.finding import UNNAMED

__all__ = ["Row", "Told", "confusion", "table"]

SHOWN = 5  # answers or operators in one line


class Told(NamedTuple):
    """What one answer or mutant was told, seed by seed.

    Attributes:
        label: the name of an answer; the operator of a mutant.
        declared: the key that the corpus says it should get; empty for a mutant.
        keys: of each seed.
    """

    exercise: str
    label: str
    declared: str
    keys: tuple[tuple[str, ...], ...]


@dataclass
class Row:
    """One key of one exercise.

    Attributes:
        answers: wrong answers that were told it, each with the number of seeds.
        mutants: the same by operator.
        astray: answers that declare another key.
    """

    exercise: str
    key: str
    answers: Counter[str] = field(default_factory=Counter)
    mutants: Counter[str] = field(default_factory=Counter)
    astray: dict[str, str] = field(default_factory=dict)

    @property
    def certain(self) -> bool:
        """Whether nobody was told it who declares another key."""
        return not self.astray


def confusion(results: Iterable[Told]) -> list[Row]:
    """Who was told what: one row for each exercise and each key that names a mistake.

    A key that was told, on any seed, to an answer that declares another one is listed with that answer: it may be a second mistake of
    the same answer, or false. A person reads it.
    """
    rows: dict[tuple[str, str], Row] = {}
    for told in results:
        for key, count in Counter(key for keys in told.keys for key in set(keys)).items():
            if key in UNNAMED or key.startswith("raises_"):
                continue
            row = rows.setdefault((told.exercise, key), Row(told.exercise, key))
            (row.answers if told.declared else row.mutants)[told.label] += count
            if told.declared and key not in told.declared.split(" or "):
                row.astray[told.label] = told.declared
    return list(rows.values())


def table(rows: Iterable[Row]) -> str:
    """The rows as text; an asterisk stands before a key that was told to somebody who declares another."""
    lines = [f"{'exercise':30s} {'key':28s} told to"]
    for row in rows:
        told = [
            _listed(counts, word)
            for counts, word in ((row.answers, "answers"), (row.mutants, "mutants"))
            if counts
        ]
        lines.append(
            f"{row.exercise:30s} {'' if row.certain else '*'}{row.key:28s} {'; '.join(told)}"
        )
        lines += [
            f"{'':30s}     {answer} declares {declared}"
            for answer, declared in sorted(row.astray.items())
        ]
    return "\n".join(lines)


def _listed(counts: Counter[str], word: str) -> str:
    shown = ", ".join(f"{label} x {count}" for label, count in counts.most_common(SHOWN))
    return f"{word}: {shown}" + (f" and {len(counts) - SHOWN} more" if len(counts) > SHOWN else "")
