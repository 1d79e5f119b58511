"""What to look at again today: predictions that went wrong, asked anew, on the days that ``spacing`` says."""

from __future__ import annotations

import html
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from course_vi.progress.judging import as_number, judged
from course_vi.progress.questions import Question, question
from course_vi.progress.spacing import Card, answered, cards, due
from course_vi.progress.start_page import write_start_page
from course_vi.progress.store import sits_here, work_folder
from course_vi.syllabus import of_number

__all__ = ["Asked", "ask_again", "review"]

MOST = 10  # a day
AWAY = "Run this cell from your folder, work/, and what went wrong comes back here (`make lab` fills it)."
LOST = "its lecture asks it no longer, or asks it otherwise; run that section once more"


def review(today: date | None = None, most: int = MOST) -> None:
    """Ask again what is due today, and say what comes when; outside of a learner's folder, say so in a line.

    Args:
        today: the day it is; that of this machine's clock by default.
        most: questions to ask at once, those that wait longest first.

    Raises:
        ValueError: ``most`` is less than one.

    >>> review()
    Run this cell from your folder, work/, and what went wrong comes back here (`make lab` fills it).
    """
    if most < 1:
        raise ValueError(f"most is {most}; expected at least one question")
    work, now = work_folder(), today or date.today()
    if work is None:
        print(AWAY)
        return
    pairs = ask_again(work, now)
    shown = [(card, asked) for card, asked in pairs if asked is not None]
    lost = [card for card, asked in pairs if asked is None]
    lines = [_headline(len(shown), min(most, len(shown))), _calendar(work, now)]
    lines += [f"Predict {card.name[3:]} of unit {card.name[:2]} is not asked: {LOST}." for card in lost]  # fmt: skip
    if not sits_here():
        print("\n".join(filter(None, lines)))
        for card, asked in shown[:most]:
            print(f"{card.name}: {asked.text}")
        return
    from IPython.display import Markdown, display

    display(Markdown("\n\n".join(filter(None, lines))))
    for card, asked in shown[:most]:
        display(Markdown(_asking(card, asked)))
        display(Asked(card, asked, now, work).box)


def ask_again(work: Path, today: date) -> list[tuple[Card, Question | None]]:
    """The cards that are due, each with its question; None where no lecture asks it as it was asked."""
    found = []
    for card in due(work, today):
        asked = question(card.name, work)
        found.append((card, asked if asked and asked.fits(card.truth) else None))
    return found


class Asked:
    """A question of a review as a widget: choose, press *Answer*, and see what came, why, and when it comes again.

    Attributes:
        box: what is displayed.
        entry, button, told: the choice or line, the button, and what is said after an answer.
    """

    def __init__(self, card: Card, asked: Question, today: date, work: Path) -> None:
        import ipywidgets as widgets

        self._card, self._question, self._today, self._work = card, asked, today, work
        self.entry: Any
        if asked.choices:
            self.entry = widgets.ToggleButtons(
                options=asked.choices, value=None,
                style={"button_width": "auto"}, layout=widgets.Layout(width="auto"),
            )  # fmt: skip
        else:
            self.entry = widgets.Text(placeholder="a number", layout=widgets.Layout(width="12em"))
        self.button = widgets.Button(description="Answer", button_style="primary")
        self.told = widgets.Output()
        self.button.on_click(self._answer)
        line = widgets.Layout(flex_flow="row wrap", align_items="center")
        self.box = widgets.VBox([widgets.Box([self.entry, self.button], layout=line), self.told])

    def _answer(self, button: object) -> None:
        guess = str(self.entry.value or "").strip()
        number = not self._question.choices
        if not guess or (number and as_number(guess) is None):
            self._say("A number, please, such as 0.3." if number else "Choose one first.")
            return
        if self.button.disabled:  # answered already
            return
        self.entry.disabled = self.button.disabled = True
        right = judged(guess, "number" if number else "choice", self._card.truth)
        after = answered(self._card, guess, bool(right), self._today, self._work)
        write_start_page(self._work)
        self._say(told(after, self._question, bool(right), self._today))

    def _say(self, text: str) -> None:
        data = {"text/markdown": text, "text/plain": text}
        self.told.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)


def told(card: Card, asked: Question, right: bool, today: date) -> str:
    """What is said after an answer, in Markdown: right or not, why, where to read, and when it comes again.

    Args:
        card: as it is after the answer.
    """
    verdict = "**✓ Right.**" if right else f"**Not so.** You said {_quoted(card.guess)}."
    comes = "It is learned, and does not come back." if card.due is None else f"It comes again {_when(card.due, today)}."  # fmt: skip
    title = f"{of_number(card.name[:2]).title}, {asked.section}"
    place = f'<a href="{html.escape(asked.link, quote=True)}">{title}</a>'
    why = f"\n\n{asked.answer}" if asked.answer else ""
    return f"{verdict} It is {_quoted(card.truth)}.{why}\n\nRead again: {place}. {comes}"


def _asking(card: Card, asked: Question) -> str:
    unit = of_number(card.name[:2])
    context = f"\n\n<details><summary>What stands before it in the lecture</summary>\n\n{asked.context}\n\n</details>"  # fmt: skip
    return f"---\n**{unit.number:02d} · {unit.title}.** {asked.text}{context if asked.context else ''}"  # fmt: skip


def _headline(count: int, shown: int) -> str:
    if not count:
        return "**Nothing to look at again today.**"
    rest = f" Here are {shown} of them; run the cell again for more." if shown < count else ""
    return f"**{count} to look at again today.**{rest}"


def _calendar(work: Path, today: date) -> str:
    """How many cards wait, and for which day."""
    every = cards(work)
    if not every:
        return "A prediction that goes wrong in a lecture will come back here."
    days = Counter(card.due for card in every if card.due is not None and card.due > today)
    later = [f"{count} {_when(day, today)}" for day, count in sorted(days.items())]
    learned = sum(card.learned for card in every)
    parts = [f"Next: {', '.join(later)}." if later else "", f"Learned: {learned}." if learned else ""]  # fmt: skip
    return " ".join(filter(None, parts))


def _when(day: date, today: date) -> str:
    """A day in words.

    >>> _when(date(2026, 3, 2), date(2026, 3, 1)), _when(date(2026, 3, 8), date(2026, 3, 1))
    ('tomorrow', 'in 7 days (8 March)')
    """
    ahead = (day - today).days
    return "tomorrow" if ahead == 1 else f"in {ahead} days ({day.day} {day:%B})"


def _quoted(words: str) -> str:
    return f"*{html.escape(words, quote=False).replace('*', '&#42;').replace('_', '&#95;')}*"
