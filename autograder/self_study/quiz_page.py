"""``quiz()``: where to enter the course. Twenty short questions, one at a time, checked like exercises."""

from __future__ import annotations

import html
import secrets
from typing import Any

from autograder.self_study.arithmetic import number
from autograder.self_study.entry import Suggestion, enough, remember, remembered, suggest
from autograder.self_study.quiz_first import FIRST
from autograder.self_study.quiz_question import judge
from autograder.self_study.quiz_second import SECOND
from course_vi.progress.start_page import write_start_page
from course_vi.progress.store import sits_here, work_folder
from course_vi.syllabus import of_number

__all__ = ["QUESTIONS", "Quiz", "quiz"]

QUESTIONS = (*FIRST, *SECOND)
AWAY = "Run this cell from your folder, work/, and the quiz asks here (`make lab` fills it)."
UNREADABLE = "A number, please, such as `0.3`; `1/3`, `log(2)/2` and `exp(-1)` are understood, too."


def quiz(seed: int | None = None) -> None:
    """Ask, and suggest a unit to enter at; outside of a learner's folder, say so in a line.

    Args:
        seed: of the numbers in the questions; fresh ones by default.

    >>> quiz()
    Run this cell from your folder, work/, and the quiz asks here (`make lab` fills it).
    """
    if not sits_here():
        print(AWAY)
        return
    from IPython.display import display

    display(Quiz(secrets.randbelow(10**6) if seed is None else seed).box)


class Quiz:
    """The quiz as a widget. ``box`` is what is displayed; the controls are attributes.

    Attributes:
        entry, answer, unknown, stop: the line to write in; the buttons *Answer*, *I do not know yet* and *Stop here*.
        told: what is said of the last answer, and at the end the suggestion.
        known: for each unit asked about, whether its answer was right.
    """

    def __init__(self, seed: int) -> None:
        import ipywidgets as widgets

        self.seed, self.known, self._hints = seed, dict[int, bool](), dict[int, str]()
        self.asked, self.told = widgets.Output(), widgets.Output()
        self.entry = widgets.Text(placeholder="a number", layout=widgets.Layout(width="16em"))
        self.answer = widgets.Button(description="Answer", button_style="primary")
        self.unknown = widgets.Button(description="I do not know yet")
        self.stop = widgets.Button(description="Stop here")
        self.answer.on_click(self._answered)
        self.unknown.on_click(self._not_known)
        self.stop.on_click(self._stopped)
        line = widgets.Layout(flex_flow="row wrap", align_items="center")
        self._line = widgets.Box([self.entry, self.answer, self.unknown, self.stop], layout=line)
        self.box = widgets.VBox([self.told, self.asked, self._line])
        earlier = remembered()
        if earlier is not None:
            _say(self.told, f"An earlier quiz said: {_entry(earlier)}")
        self._ask()

    @property
    def done(self) -> bool:
        """Whether the suggestion has been made."""
        return self._line.layout.display == "none"

    def _ask(self) -> None:
        question = QUESTIONS[len(self.known)]
        self._drawn = question.with_seed(self.seed)
        unit = of_number(f"{question.unit:02d}")
        head = f"**{len(self.known) + 1} of {len(QUESTIONS)}** · {unit.number:02d} {unit.title}"
        _say(self.asked, f"{head}\n\n{self._drawn.text}")
        self.entry.value = ""

    def _answered(self, button: object) -> None:
        value = number(self.entry.value)
        if value is None:
            _say(self.told, UNREADABLE)
            return
        verdict = judge(self._drawn, value)
        right = f"{self._drawn.answer:.7g}" if self._drawn.within else f"{self._drawn.answer:.4g}"
        hint = f" {verdict.hint}" if verdict.hint else ""
        wrong = f"**Not so.**{hint} It is {right}; you said {html.escape(self.entry.value[:40])}."
        self._note(verdict.right, "**✓ Right.**" if verdict.right else wrong, verdict.hint)

    def _not_known(self, button: object) -> None:
        self._note(False, "Left open.", "")

    def _note(self, right: bool, said: str, hint: str) -> None:
        if self.done:
            return
        unit = QUESTIONS[len(self.known)].unit
        self.known[unit] = right
        if hint:
            self._hints[unit] = hint
        _say(self.told, said)
        if enough(self.known):
            self._end(said)
        else:
            self._ask()

    def _stopped(self, button: object) -> None:
        if self.known and not self.done:
            self._end("")
        elif not self.done:
            _say(self.told, "Answer one first, or begin at [unit 00](../00_start_here/00_start_here.ipynb).")  # fmt: skip

    def _end(self, said: str) -> None:
        found = suggest(self.known, self._hints)
        remember(found, self.known, self.seed)
        work = work_folder()
        if work is not None:
            write_start_page(work)
        self._line.layout.display = "none"
        self.asked.outputs = ()
        count = sum(self.known.values())
        _say(self.told, f"{said}\n\n**{count} of {len(self.known)} right.** {_entry(found)}")


def _entry(found: Suggestion) -> str:
    skim = f" Skim {', '.join(map(_link, found.skim))}." if found.skim else ""
    enter = f"**Enter at {_link(found.unit)}.** " if found.unit else ""
    return f"{enter}{found.reason}{skim}"


def _link(number: str) -> str:
    unit = of_number(number)
    return f"[{number} · {unit.title}](../{unit.stem}/{unit.stem}.ipynb)"


def _say(output: Any, text: str) -> None:
    data = {"text/markdown": text, "text/plain": text}
    output.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
