"""``steps("03_gap")``: hints, then the solution piece by piece, for whoever learns alone, after an honest try.

Hints are open from the start. The solution opens once a check of the learner's own answer is on record, right or wrong; a stub that was
never written is no try. That it was looked at is kept with the progress: points that come afterwards are shown apart, as earned with
the solution at hand. None of it is graded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autograder.self_study.solution_pieces import HINT, Step, solution_steps
from course_vi.progress.start_page import write_start_page
from course_vi.progress.store import keep, kept, sits_here, work_folder

__all__ = ["Steps", "StepsWidget", "steps"]

AWAY = "Steps open in your folder, work/ (`make lab` fills it), where your tries are kept."
TRY = "**Your own try comes first.** Write an answer, however wrong, and run its check; then the solution opens here, piece by piece."
NONE = "This copy of the course holds no solutions: whoever teaches it has kept them. The hints are all there is here."
OWN = "You had passed before you looked: compare, and keep what you like better."
LOOKED = "That you looked is kept: points that come now are shown apart. Close this, and write it from memory tomorrow."


class Steps:
    """How far a learner has opened the steps of an exercise; opening one is kept at once.

    Attributes:
        exercise: its name.
        every: all its steps.
        opened: how many are open.
    """

    def __init__(self, exercise: str, work: Path) -> None:
        self.exercise, self.every, self._work = exercise, solution_steps(exercise), work
        mine = kept("steps", exercise[:2], work).get(exercise, {})
        opened, self._first = mine.get("opened"), mine.get("passed_before")
        self.opened = min(max(opened, 0), len(self.every)) if isinstance(opened, int) else 0

    @property
    def next(self) -> Step | None:
        """What would open next; None at the end."""
        return self.every[self.opened] if self.opened < len(self.every) else None

    @property
    def tried(self) -> bool:
        """Whether a check of the learner's own answer is on record."""
        return self.exercise in kept("reports", self.exercise[:2], self._work)

    @property
    def closed(self) -> str:
        """Why the next step does not open, in Markdown; empty where it does."""
        if self.next is None:
            return "" if any(step.kind != HINT for step in self.every) else NONE
        return TRY if self.next.kind != HINT and not self.tried else ""

    @property
    def looked(self) -> bool:
        """Whether a step beyond the hints is open."""
        return any(step.kind != HINT for step in self.every[: self.opened])

    def open_next(self) -> bool:
        """Open a step, and keep that it is open; False where it stays closed."""
        if self.next is None or self.closed:
            return False
        self.opened += 1
        if self.looked and not isinstance(self._first, bool):
            report = kept("reports", self.exercise[:2], self._work)[self.exercise]
            self._first = bool(report.get("passed"))
        first = {"passed_before": self._first} if self.looked else {}
        state = {"opened": self.opened, "of": len(self.every), "solution": self.looked, **first}
        keep("steps", self.exercise, state, self._work)
        write_start_page(self._work)
        return True

    def text(self) -> str:
        """All that is open, and what is next, in Markdown."""
        parts = [f"**{step.title}**\n\n{step.text}" for step in self.every[: self.opened]]
        if self.looked:
            parts.append(OWN if self._first else LOOKED)
        if self.closed:
            parts.append(self.closed)
        elif self.next is None:
            parts.append("That is all of it.")
        return "\n\n".join(parts)

    @property
    def label(self) -> str:
        """What the button says."""
        if self.next is None:
            return "All is open"
        hints = sum(step.kind == HINT for step in self.every)
        word = (
            f"hint {self.opened + 1} of {hints}"
            if self.next.kind == HINT
            else self.next.title.lower()
        )
        return f"Next: {word}"


class StepsWidget:
    """The steps with a button that opens the next one. ``box`` is what is displayed."""

    def __init__(self, exercise: str, work: Path) -> None:
        import ipywidgets as widgets

        self.steps = Steps(exercise, work)
        self.button = widgets.Button(layout=widgets.Layout(width="auto"))
        self.shown = widgets.Output()
        self.button.on_click(self._open)
        self.box = widgets.VBox([self.shown, self.button])
        self._draw()

    def _open(self, button: object) -> None:
        self.steps.open_next()
        self._draw()

    def _draw(self) -> None:
        text: Any = self.steps.text()
        self.button.description, self.button.disabled = self.steps.label, self.steps.next is None
        data = {"text/markdown": text, "text/plain": text}
        self.shown.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},) if text else ()  # fmt: skip


def steps(exercise: str) -> None:
    """Show the hints of an exercise one by one, then its solution piece by piece, after a try of your own.

    Args:
        exercise: its name, as in its check, such as ``"03_gap"``.

    Raises:
        ValueError: there is no such exercise, or it is answered in words.

    >>> steps("03_gap")
    Steps open in your folder, work/ (`make lab` fills it), where your tries are kept.
    """
    work = work_folder()
    if work is None or not sits_here():
        solution_steps(exercise)  # a wrong name is refused everywhere
        print(AWAY)
        return
    from IPython.display import display

    display(StepsWidget(exercise, work).box)
