"""What a check found, and how many points that is: data, without a word on how it is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Self

from autograder.checks.efficiency import Efficiency
from autograder.checks.exercise import Exercise
from autograder.checks.finding import UNNAMED, Finding

__all__ = ["CheckResult", "NamedMistake", "PartResult"]


WITHHELD = "[not shown: it could be the hidden inputs. The check in your own notebook shows what it prints.]"
DECIMALS = re.compile(r"\d*\.\d+(e[+-]?\d+)?|\d+\.(?!\w)")


@dataclass(frozen=True)
class PartResult:
    """One part of a check: its name, its weight, what was found, and where to read about it."""

    name: str
    weight: float
    finding: Finding
    read: str = ""

    @property
    def share(self) -> float:
        """Of its points, what it earns: all if it passed, else mostly nothing."""
        return 1.0 if self.finding.ok else self.finding.share

    @property
    def unwritten(self) -> bool:
        """The stub is still there, for this case at least."""
        return not self.finding.ok and self.finding.diagnosis == "unwritten"

    @property
    def stopped(self) -> bool:
        """The learner's code ended with an error."""
        return not self.finding.ok and self.finding.diagnosis.startswith("raises_")


@dataclass(frozen=True)
class NamedMistake:
    """A mistake, told once for all the parts that it concerns.

    Attributes:
        sentence: what was probably done, and what to do instead; empty if that is not known.
        error: what Python said, if the code stopped.
        parts: the names of the parts it concerns.
        everywhere: these are all the parts of the check.
    """

    sentence: str
    error: str
    parts: tuple[str, ...]
    everywhere: bool

    @property
    def where(self) -> str:
        if self.everywhere:
            return "every part"
        *others, last = (f"“{name}”" for name in self.parts)
        return f"{', '.join(others)} and {last}" if others else last


@dataclass(frozen=True)
class CheckResult:
    """The outcome of a check.

    Attributes:
        parts: what was tested.
        seed: of the inputs; ``check(..., seed=seed)`` repeats them.
        printed: what the learner's code printed or warned meanwhile. It costs nothing.
        graded: made by the grader, on inputs that stay hidden.
        why: what went wrong in the notebook before this check was reached.
        remark: what explains every failure at once, such as a setting of the notebook. It stands in
            for the mistakes of the parts.
        interrupted: where the learner's code was when the check was interrupted, and after how
            long. There are no parts then.
    """

    exercise: Exercise
    parts: tuple[PartResult, ...]
    seed: int
    seconds: float = 0.0
    printed: str = ""
    trials: tuple[tuple[str, int, float], ...] = field(default=(), repr=False)
    graded: bool = False
    why: str = ""
    remark: str = ""
    interrupted: str = ""

    def without_answers(self, why: str = "") -> Self:
        """The same for a graded notebook: it tells neither the hidden inputs nor what they ask for.

        Args:
            why: what went wrong before the check was reached, in a sentence.
        """
        public = tuple(replace(part, finding=_public(part.finding)) for part in self.parts)
        printed = WITHHELD if self.printed else ""
        return replace(self, parts=public, graded=True, why=why, printed=printed)

    @property
    def max_points(self) -> float:
        return self.exercise.points

    @property
    def points(self) -> float:
        """The exercise's points times the weighted share of what the parts earn."""
        total = sum(part.weight for part in self.parts)
        share = sum(part.weight * part.share for part in self.parts) / total if total else 0.0
        return round(self.exercise.points * share, 2)

    def worth(self, part: PartResult) -> float:
        """The points of one part."""
        return round(
            self.exercise.points * part.weight / sum(each.weight for each in self.parts), 2
        )

    @property
    def efficiency(self) -> Efficiency | None:
        """That of the estimator: of the last part that measured it."""
        found = [part.finding.efficiency for part in self.parts if part.finding.efficiency]
        return found[-1] if found else None

    @property
    def passed(self) -> bool:
        return bool(self.parts) and all(part.finding.ok for part in self.parts)

    @property
    def unwritten(self) -> bool:
        """The stub is still there, whichever part asks."""
        return bool(self.parts) and all(part.unwritten for part in self.parts)

    @property
    def verdict(self) -> str:
        if self.interrupted:
            return "INTERRUPTED"
        return "NOT YET WRITTEN" if self.unwritten else "PASSED" if self.passed else "NOT YET RIGHT"

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The keys of the mistakes recognised, in order, each once."""
        failed = (part.finding for part in self.parts if not part.finding.ok)
        return tuple(dict.fromkeys(finding.diagnosis for finding in failed if finding.diagnosis))

    @property
    def mistakes(self) -> tuple[NamedMistake, ...]:
        """Mistakes in sentences, and errors that stopped the code, each once, with its parts.

        Where the exercise's own author names the mistake in one part, what the engine makes of another is left out: it is
        the same mistake nearly always, in words that fit worse.
        """
        groups: dict[tuple[str, str], list[PartResult]] = {}
        named = any(_by_author(part) for part in self.parts)
        for part in self.parts:
            if part.finding.ok or part.unwritten or not (part.finding.hint or part.stopped):
                continue
            if named and not part.stopped and _by_engine(part):
                continue
            error = (
                re.sub(r"\d+(?:, \d+)*", "0", part.finding.actual) if part.stopped else ""
            )  # sizes differ from part to part
            groups.setdefault((part.finding.hint, error), []).append(part)
        return tuple(
            NamedMistake(
                "" if self.remark else hint,
                parts[0].finding.actual if error else "",
                tuple(part.name for part in parts),
                len(parts) == len(self.parts),
            )
            for (hint, error), parts in groups.items()
            if error or not self.remark
        )

    @property
    def reading(self) -> tuple[str, ...]:
        """Where to read about what failed, each place once."""
        failed = (part.read for part in self.parts if not part.finding.ok and not self.unwritten)
        return tuple(dict.fromkeys(place for place in failed if place))


def _by_engine(part: PartResult) -> bool:
    """Whether the name of a part's mistake is one that serves every exercise."""
    key = part.finding.diagnosis
    return key.startswith("generic_") or key == "dictionary"


def _by_author(part: PartResult) -> bool:
    """Whether a part failed by a mistake that its exercise knows."""
    known = part.finding.hint and not part.finding.ok and not part.stopped
    return bool(known) and part.finding.diagnosis not in UNNAMED and not _by_engine(part)


def _public(finding: Finding) -> Finding:
    """What may be told on hidden inputs: shapes, errors and mistakes, but no expected number, and none that was handed over."""
    tells = re.search(r"\d", finding.expected) and "shape" not in finding.expected
    if tells or finding.ok:
        return replace(finding, expected="", actual="")
    return replace(finding, actual=DECIMALS.sub("…", finding.actual))
