"""Points by exercise, what is next, predictions kept: the foot of a problem set, and what the start page shows of a unit."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

from course_vi.progress.notebooks import cells_of, source_of
from course_vi.progress.store import kept, work_folder
from course_vi.syllabus import UNITS, in_this_copy, of_number

__all__ = ["Exercise", "Standing", "progress", "standing"]

BAR = 5


@dataclass(frozen=True)
class Exercise:
    """An exercise of a problem set and the last report on it.

    Attributes:
        name: as in ``check("03_gap", ...)``.
        most: what it is worth.
        points: of the last report; None where no check was run yet, and for an answer in words.
        written: whether it is answered in words, which a person marks.
        helped: whether the solution was looked at before the check passed.
    """

    name: str
    most: float
    points: float | None
    written: bool
    helped: bool = False

    @property
    def done(self) -> bool:
        """All points of the check are there."""
        return self.points is not None and self.points >= self.most


@dataclass(frozen=True)
class Standing:
    """Where a learner stands in one unit."""

    stem: str
    exercises: tuple[Exercise, ...]
    predicted: int
    predictions: int

    @property
    def points(self) -> float:
        return sum(each.points or 0.0 for each in self.exercises)

    @property
    def helped(self) -> float:
        """How many of the points came with the solution at hand."""
        return sum(each.points or 0.0 for each in self.exercises if each.helped)

    @property
    def most(self) -> float:
        return sum(each.most for each in self.exercises if not each.written)

    @property
    def next(self) -> Exercise | None:
        """The first exercise with a check that has not all its points."""
        return next((each for each in self.exercises if not each.written and not each.done), None)

    @property
    def bar(self) -> str:
        """Five squares, as many of them full as fifths of the points are there."""
        full = int(BAR * self.points / self.most) if self.most else 0
        return "■" * full + "□" * (BAR - full)


def standing(stem: str, work: Path) -> Standing:
    """Where the learner whose folder is ``work`` stands in the unit ``stem`` (``"03_elbo"``)."""
    number, reports = stem[:2], kept("reports", stem[:2], work)
    looked = kept("steps", number, work)
    exercises = []
    for cell in cells_of(work / stem / f"{stem}_problems.ipynb"):
        about = cell.get("metadata", {}).get("nbgrader", {})
        name = str(about.get("grade_id", ""))
        if about.get("grade") and name.startswith(number):
            points = reports.get(name, {}).get("points")
            most, written = float(about.get("points", 0.0)), cell.get("cell_type") != "code"
            mine = min(float(points), most) if isinstance(points, (int, float)) and not written else None  # fmt: skip
            seen = looked.get(name, {})
            helped = bool(seen.get("solution")) and not seen.get("passed_before")
            exercises.append(Exercise(name, most, mine, written, helped))
    asked = {
        name
        for cell in cells_of(work / stem / f"{stem}.ipynb")
        if cell.get("cell_type") == "code"
        for name in re.findall(r'^predict\("(\w+)"', source_of(cell), re.MULTILINE)
    }
    return Standing(
        stem, tuple(exercises), len(asked & set(kept("predictions", number, work))), len(asked)
    )


def progress(unit: str) -> None:
    """Show points by exercise, what is next and how many predictions were kept; outside of a learner's folder, say so in a line.

    Args:
        unit: its number, such as ``"03"``.

    >>> progress("03")
    Points and predictions are shown here when the notebook runs from your folder, work/ (`make lab` fills it).
    """
    here = of_number(unit)
    work = work_folder()
    if work is None:
        print("Points and predictions are shown here when the notebook runs from your folder, work/ (`make lab` fills it).")  # fmt: skip
        return
    from IPython.display import HTML, display

    display(HTML(_as_html(standing(here.stem, work))))


def _as_html(here: Standing) -> str:
    """The table, and what is next among the units that are in this copy."""
    cell = 'style="text-align:left;padding:0.15em 0.8em"'
    rows = "".join(
        f"<tr><td {cell}>{'✓' if each.done else '·'}</td>"
        f"<td {cell}>{html.escape(each.name[3:].replace('_', ' '))}</td>"
        f"<td {cell}>{_worth(each)}</td></tr>"
        for each in here.exercises
    )
    later = [number for number in in_this_copy() if number > int(here.stem[:2])]
    with_help = f", {here.helped:g} of them with the solution at hand" if here.helped else ""
    after = next((UNITS[number] for number in later if UNITS[number].core), None)
    left = here.next
    todo = (
        f"<b>Next:</b> {html.escape(left.name[3:].replace('_', ' '))}, exercise {here.exercises.index(left) + 1}."
        if left
        else "<b>Every check has passed.</b>"
        + (f" Next: unit {after.number:02d}, {after.title}." if after else "")
    )
    return (
        f"<div><b>{here.points:g} of {here.most:g} points</b> <span aria-hidden='true'>{here.bar}</span>, "
        f"by the last report of each check{with_help}"
        f"<table><tbody>{rows}</tbody></table><div>{todo} Predictions kept: {here.predicted} of {here.predictions}.</div>"
        f'<div><a href="{here.stem}.ipynb">The lecture</a> · <a href="../START.md">Start page</a></div></div>'
    )


def _worth(each: Exercise) -> str:
    if each.written:
        return f"in words; a person marks it, {each.most:g} points"
    if each.points is None:
        return f"not checked yet, {each.most:g} points"
    return f"{each.points:g} of {each.most:g}{', with the solution at hand' if each.helped else ''}"
