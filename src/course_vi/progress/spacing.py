"""Spaced review: a prediction that went wrong comes back after 1, 3, 7 and 21 days, until it was right four times in a row.

The rule is Leitner's box of cards. A card is a prediction that went wrong; it starts in the first of four boxes, and box b is looked at
``DAYS[b - 1]`` days after the card came into it. Answered rightly, it moves on by one box; wrongly, it goes back to the first. Past the
last box it is learned, and does not come back. A card that is overdue is due: nothing is lost by coming late.

What was predicted rightly makes no card, and neither does a prediction in words, which no program can judge.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from course_vi.progress.store import keep, kept, work_folder

__all__ = ["DAYS", "Card", "answered", "cards", "due"]

DAYS = (1, 3, 7, 21)
NAME = re.compile(r"\d\d_\d+")


class Card(NamedTuple):
    """A prediction that went wrong, and when it is due again.

    Attributes:
        name: of the prediction, such as ``"03_5"``.
        truth: what came in the lecture.
        guess: what was last said, in the lecture or in a review.
        box: 1 to 4; 5 is learned.
        due: the day from which on it is asked; None once it is learned.
    """

    name: str
    truth: str
    guess: str
    box: int
    due: date | None

    @property
    def learned(self) -> bool:
        return self.due is None


def cards(work: Path) -> list[Card]:
    """The cards of the learner whose folder is ``work``, those that are due first in front; damaged records make none."""
    reviews = kept("reviews", "", work)
    found = []
    for name, mine in kept("predictions", "", work).items():
        day = _day(mine.get("revealed", mine.get("when")))
        known = NAME.fullmatch(name) and "truth" in mine and day is not None
        if not known or day is None or mine.get("right") is not False:
            continue
        seen = reviews.get(name, {})
        box, last = seen.get("box"), _day(seen.get("day"))
        if not isinstance(box, int) or not 1 <= box <= len(DAYS) + 1 or last is None:
            box, last = 1, day
        guess = str(seen.get("guess", mine.get("guess", "")))
        found.append(Card(name, str(mine["truth"]), guess, box, _after(last, box)))
    return sorted(found, key=lambda card: (card.due or date.max, card.name[:2], int(card.name[3:])))


def due(work: Path, today: date | None = None) -> list[Card]:
    """The cards to look at today.

    Args:
        today: the day it is; that of this machine's clock by default.
    """
    now = today or date.today()
    return [card for card in cards(work) if card.due is not None and card.due <= now]


def answered(
    card: Card, guess: str, right: bool, today: date | None = None, work: Path | None = None
) -> Card:
    """The card after an answer, kept in ``work/progress/reviews``."""
    day = today or date.today()
    box = min(card.box + 1, len(DAYS) + 1) if right else 1
    value = {"box": box, "day": day.isoformat(), "guess": guess, "right": right}
    keep("reviews", card.name, value, work or work_folder())
    return card._replace(guess=guess, box=box, due=_after(day, box))


def _after(day: date, box: int) -> date | None:
    """When a card that came into a box on a day is due; None past the last box.

    >>> [str(_after(date(2026, 1, 1), box)) for box in range(1, 6)]
    ['2026-01-02', '2026-01-04', '2026-01-08', '2026-01-22', 'None']
    """
    return day + timedelta(days=DAYS[box - 1]) if box <= len(DAYS) else None


def _day(text: Any) -> date | None:
    try:
        return datetime.fromisoformat(str(text)).date()
    except ValueError:
        return None
