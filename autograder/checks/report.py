"""What a learner sees: a short report that teaches."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace

from autograder.checks.compare import Finding
from autograder.checks.exercise import Exercise

__all__ = ["PartResult", "Report"]

GREEN, RED, GREY = "#00664b", "#a33b00", "#555555"


@dataclass(frozen=True)
class PartResult:
    """One part of a check: its name, its weight, and what was found."""

    name: str
    weight: float
    finding: Finding
    read: str = ""


@dataclass(frozen=True)
class Report:
    """The outcome of a check.

    ``repr`` is the points alone, a number: that is what nbgrader reads. A notebook shows the HTML view, ``print`` the text.

    Attributes:
        parts: what was tested.
        seed: of the inputs; ``check(..., seed=seed)`` repeats them.
        printed: what the learner's code printed or warned meanwhile. It costs nothing.
        graded: made by the grader, on inputs that stay hidden.
        why: what went wrong in the notebook before this check was reached.
    """

    exercise: Exercise
    parts: tuple[PartResult, ...]
    seed: int
    seconds: float = 0.0
    printed: str = ""
    unwritten: bool = False
    trials: tuple[tuple[str, int, float], ...] = field(default=(), repr=False)
    graded: bool = False
    why: str = ""

    def without_answers(self, why: str = "") -> Report:
        """The same for a graded notebook: nothing in it tells what was expected on hidden inputs, nor which they were.

        Args:
            why: what went wrong before the check was reached, in a sentence.
        """
        return replace(self, parts=tuple(replace(part, finding=_public(part.finding)) for part in self.parts), graded=True, why=why)

    @property
    def max_points(self) -> float:
        return self.exercise.points

    @property
    def points(self) -> float:
        """The weighted share of the parts that passed, times the exercise's points, to two decimals."""
        total = sum(part.weight for part in self.parts)
        share = sum(part.weight for part in self.parts if part.finding.ok) / total if total else 0.0
        return round(self.exercise.points * share, 2)

    @property
    def passed(self) -> bool:
        return bool(self.parts) and all(part.finding.ok for part in self.parts)

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The names of the mistakes recognised, in order, each once."""
        return tuple(dict.fromkeys(part.finding.diagnosis for part in self.parts if not part.finding.ok and part.finding.diagnosis))

    def __repr__(self) -> str:
        return repr(self.points)

    def __str__(self) -> str:
        lines = [f"{self._verdict()}  {self.exercise.title}: {self.points:g} of {self.max_points:g} points"]
        if self.why and not self.passed:
            lines.append(f"  {self.why}")
        if self.unwritten:
            return "\n".join([*lines, f"  {self._what_to_write()}"])
        for part in self.parts:
            finding = part.finding
            lines.append(f"  {'pass' if finding.ok else 'FAIL'}  {part.name}")
            if not finding.ok:
                lines += [f"        {label}: {text}" for label, text in _rows(finding)]
        lines += [f"  Read: {place}" for place in self._places()]
        if self.printed:
            lines.append(f"  your code also printed (this costs nothing): {self.printed.splitlines()[0][:200]}")
        return "\n".join(lines)

    def _what_to_write(self) -> str:
        return (f"Nothing to test yet: {self.exercise.function} still raises NotImplementedError. Replace that line with your answer, "
                "run its cell, then run this one again.")

    def _places(self) -> list[str]:
        """Where to read about what failed, each place once."""
        return list(dict.fromkeys(part.read for part in self.parts if not part.finding.ok and part.read))

    def _verdict(self) -> str:
        return "NOT YET WRITTEN" if self.unwritten else "PASSED" if self.passed else "NOT YET RIGHT"

    def _repr_html_(self) -> str:
        colour = GREEN if self.passed else GREY if self.unwritten else RED
        escape = html.escape
        cell = '<td style="text-align:left;vertical-align:top;padding:0.25em 0.7em'
        rows = []
        for part in () if self.unwritten else self.parts:
            finding = part.finding
            mark = f'<span style="color:{GREEN if finding.ok else RED}">{"✓ pass" if finding.ok else "✗ fail"}</span>'
            told = "<br>".join(f"<b>{label}:</b> {escape(text)}" for label, text in _rows(finding))
            detail = escape(finding.came) if finding.ok else told
            rows.append(f'<tr>{cell};white-space:nowrap">{mark}</td>{cell}">{escape(part.name)}</td>{cell}">{detail}</td></tr>')
        places = [f"<div><b>Read:</b> {escape(place)}</div>" for place in self._places() if not self.unwritten]
        todo = f"<div>{escape(self._what_to_write())}</div>" if self.unwritten else ""
        printed = (f"<details><summary>Your code also printed something (this costs nothing)</summary>"
                   f"<pre>{escape(self.printed)}</pre></details>" if self.printed else "")
        reason = f"<div>{escape(self.why)}</div>" if self.why and not self.passed else ""
        inputs = ("Inputs were drawn for you alone, and stay hidden." if self.graded else
                  f"Inputs are fresh at every call; <code>seed={self.seed}</code> repeats these.")
        table = f'<table style="margin:0.3em 0"><tbody>{"".join(rows)}</tbody></table>' if rows else ""
        return (f'<div role="status" style="border-left:4px solid {colour};padding:0.2em 0.8em">'
                f'<b style="color:{colour}">{self._verdict()}</b> &nbsp; {escape(self.exercise.title)}: '
                f'<b>{self.points:g} of {self.max_points:g} points</b>{reason}{todo}{table}{"".join(places)}{printed}'
                f'<small style="color:{GREY}">{self.seconds:.1f} s. {inputs}</small></div>')


def _public(finding: Finding) -> Finding:
    """What may be told of a finding on hidden inputs: shapes, errors and mistakes, but no number that was expected or compares."""
    tells = re.search(r"\d", finding.expected) and "shape" not in finding.expected
    return replace(finding, expected="", came="") if tells or finding.ok else finding


def _rows(finding: Finding) -> list[tuple[str, str]]:
    """What a failed part says, line by line."""
    rows = [("Expected", finding.expected), ("Came", finding.came), ("Likely mistake", finding.says)]
    return [(label, text) for label, text in rows if text]
