"""From answers to a unit: where a learner may enter the course, and why.

The rule. Questions come in the order of the course, one for each unit. The suggestion is the first unit whose question was not
answered rightly, so that all it builds on was. One exception: where at least two units that build on it were answered rightly, a wrong
answer is taken for a slip, and the unit is named as one to skim. Three misses in a row end the quiz: nothing later can move the suggestion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from course_vi.progress import keep, kept
from course_vi.progress.start_page import redraw
from course_vi.syllabus import UNITS, of_number

__all__ = ["NAME", "Suggestion", "enough", "remember", "remembered", "suggest"]

NAME = "00_where_to_enter"  # of what is kept
SLIP = 2  # units that build on it, answered rightly
MISSES = 3  # in a row


class Suggestion(NamedTuple):
    """Where to enter.

    Attributes:
        unit: its number in two digits; empty where every question was answered rightly.
        reason: in two or three sentences, for the learner.
        skim: units whose wrong answer looks like a slip.
    """

    unit: str
    reason: str
    skim: tuple[str, ...] = ()


def suggest(known: Mapping[int, bool], hints: Mapping[int, str] | None = None) -> Suggestion:
    """The unit to enter at.

    Args:
        known: for each unit that was asked about, whether its answer was right.
        hints: for some of them, the name of the mistake.

    >>> suggest({0: True, 1: True, 2: False}).unit
    '02'
    >>> suggest({0: True, 1: False, 2: True, 3: True, 4: False})[::2]
    ('04', ('01',))
    """
    slips = {number for number, right in known.items() if not right and _slip(number, known)}
    skim = tuple(f"{number:02d}" for number in sorted(slips))
    first = next((unit for unit in UNITS if not known.get(unit.number) and unit.number not in slips), None)  # fmt: skip
    also = ""
    if skim:
        also = f" What you missed of unit {', '.join(skim)} looks like a slip, since you were right on what builds on it."
    if first is None:
        most = "You answered every question." if not slips else "You answered what builds on everything else."  # fmt: skip
        return Suggestion("", f"{most} Enter wherever the map tempts you, or take the capstone.{also}", skim)  # fmt: skip
    before = sum(bool(known.get(unit.number)) for unit in UNITS[: first.number])
    came = "is the first that you were not asked"
    if first.number in known:
        aside = ", slips aside" if any(number < first.number for number in slips) else ""
        came = f"is the first that you did not have right{aside}"
    named = (hints or {}).get(first.number, "")
    right = f" You were right on {before} of the {first.number} before it." if first.number else ""
    where = "" if first.core or before == 0 else _core(known, slips)
    text = f"The question on {first.title} {came}.{f' {named}' if named else ''}{right}{where}{also}"  # fmt: skip
    return Suggestion(f"{first.number:02d}", text, skim)


def enough(known: Mapping[int, bool]) -> bool:
    """Whether further questions are spared: three misses in a row, in the order of the course, or all were asked.

    >>> enough({0: True, 1: False, 2: False}), enough({0: False, 1: False, 2: False})
    (False, True)
    """
    asked = [known[number] for number in sorted(known)]
    return len(asked) == len(UNITS) or (len(asked) >= MISSES and not any(asked[-MISSES:]))


def remember(found: Suggestion, known: Mapping[int, bool], seed: int) -> bool:
    """Keep the suggestion with the progress; False outside of a learner's folder."""
    answers = {f"{number:02d}": right for number, right in sorted(known.items())}
    told = {
        "unit": found.unit,
        "reason": found.reason,
        "skim": found.skim,
        "answers": answers,
        "seed": seed,
    }
    return keep("entry", NAME, told) and redraw()


def remembered() -> Suggestion | None:
    """What an earlier quiz suggested; None if there was none, or its record is damaged."""
    mine = kept("entry", "00").get(NAME, {})
    unit, reason = mine.get("unit"), mine.get("reason")
    if not isinstance(unit, str) or not isinstance(reason, str):
        return None
    try:
        skim = tuple(of_number(number).stem[:2] for number in mine.get("skim", ()))
        return Suggestion(of_number(unit).stem[:2] if unit else "", reason, skim)
    except (TypeError, ValueError):
        return None


def _slip(number: int, known: Mapping[int, bool]) -> bool:
    return sum(bool(known.get(later)) for later in _builds_on(number)) >= SLIP


def _builds_on(number: int) -> set[int]:
    """The units that need this one, directly or through others."""
    found: set[int] = set()
    for unit in UNITS:
        if {number, *found} & set(unit.needs):
            found.add(unit.number)
    return found


def _core(known: Mapping[int, bool], slips: set[int]) -> str:
    """What to do on the ten-week core, if the suggestion is not of it."""
    for unit in UNITS:
        if unit.core and not known.get(unit.number) and unit.number not in slips:
            return f" It is not of the ten-week core; on that road, enter at {unit.number:02d}, {unit.title}."
    return " It is not of the ten-week core, all of which you answered."
