"""The page that ``make lab`` opens: what to do first, the map with links, where you stand. Written anew after every check."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from course_vi.progress.notebooks import statement_id
from course_vi.progress.spacing import cards, due
from course_vi.progress.standing import Standing, standing
from course_vi.progress.store import keep, kept, work_folder, write_whole
from course_vi.syllabus import UNITS, Unit

__all__ = ["PAGE", "keep_report", "start_page", "write_start_page"]

PAGE = "START.md"

TOP = """# Variational learning

{next}

1. **Read a lecture.** Shift-Enter runs a cell and moves on. It asks you to *predict* before it shows: take the half minute.
2. **Solve its problem set.** Write a function, run its cell, run the check below it, as often as you like. Hints open one by one.
3. **Come back here** to see your points: close this page and open it again. It is written anew after every check.
"""

MAP = """## The map, and where you stand

| unit | lecture | problem set | points | predictions |
|---|---|---|---|---|"""

KEY = """
★ belongs to the ten-week core, which needs nothing outside itself. Any unit can be read on its own: it opens with a box of what it needs.
An arrow leads from what you need to what builds on it; a dotted frame is a unit that is not in this copy yet,
a thick one a unit whose checks have all passed.
"""

# From top to bottom and with short lines, so that it can be read in half a window.
NARROW = """%%{init: {"flowchart": {"nodeSpacing": 12, "rankSpacing": 28, "wrappingWidth": 100, "padding": 8}}}%%"""

REVIEW, QUIZ = "review", "where_to_enter"
BESIDES = {  # pages of no unit
    "where_to_enter": "where to enter: twenty short questions, and a unit to begin with",
    "laboratory": "the gradient laboratory: choose model, bound and estimator, and see bias and variance beside the exact gradient",
    "capstone": "the capstone: real data, an open brief, and a check that holds your report to what it claims",
    "capstone_specimen": "a specimen of such a report, worked out",
}

ALONE = """- **Studying alone?** Run `from autograder import steps; steps("03_gap")` in a cell of your own, with the name that stands in
  the check: it opens the hints one by one and, once you have checked an answer of yours, the solution piece by piece. The folder
  `solutions` has the whole, with derivations: [those of the first unit]({solutions}).
"""
FOOT = """## Good to know

- **What you predicted wrongly comes back** after 1, 3, 7 and 21 days, in [the review](review/review.ipynb).
- **All of this folder is yours.** Nothing you write here is overwritten. To update the course, close JupyterLab, then `git pull` and
  `make lab`: what you had not changed is brought up to date, and where you had, the new file is laid beside yours.
- **Hand in** the file whose name ends in `_problems.ipynb`.
- **Your points and predictions** lie in the folder `progress`, on this machine and nowhere else; nobody grades them. Delete the
  folder and they are forgotten.
{alone}- **The code of the course** is written to be read: begin with [mini_vi.py](../src/course_vi/mini_vi.py), the whole idea on one page.
"""


def start_page(work: Path, today: date | None = None) -> str:
    """The page, as Markdown, for the learner's folder ``work``.

    Args:
        today: the day it is, for what is due again; that of this machine's clock by default.
    """
    here = [unit for unit in UNITS if (work / unit.stem / f"{unit.stem}.ipynb").is_file()]
    stands = {unit.number: standing(unit.stem, work) for unit in here}
    rows = [_row(unit, stands[unit.number]) for unit in here]
    parts = [
        TOP.format(next=_next(here, stands, work)),
        *_again(work, today),
        MAP,
        *rows,
        "",
        _drawn(here, stands),
        KEY,
        *_besides(work),
        *[_exercises(unit, stands[unit.number]) for unit in here if stands[unit.number].points],
        FOOT.format(alone=_alone(here, work)),
    ]
    return "\n".join(parts)


def _alone(here: list[Unit], work: Path) -> str:
    """What is said to who learns alone, where there are solutions to lead to."""
    there = (f"solutions/{unit.stem}/{unit.stem}.ipynb" for unit in here)
    first = next((path for path in there if (work.parent / path).is_file()), None)
    return ALONE.format(solutions=f"../{first}") if first else ""


def _again(work: Path, today: date | None) -> list[str]:
    """A link to the review, and what is due there today; nothing before the first prediction went wrong."""
    path = f"{REVIEW}/{REVIEW}.ipynb"
    if not (work / path).is_file() or not cards(work):
        return []
    count = len(due(work, today))
    waits = (
        "nothing waits today"
        if not count
        else f"{count} of the predictions that went wrong {'waits' if count == 1 else 'wait'} for you"
    )
    return [f"**[Look again]({path})**: {waits}.\n"]


def _besides(work: Path) -> list[str]:
    """Links to the pages that belong to no unit, as far as they are there."""
    there = {name: f"{name}/{name}.ipynb" for name in BESIDES}
    found = [f"- [{BESIDES[name]}]({path})" for name, path in there.items() if (work / path).is_file()]  # fmt: skip
    return ["And beside the units:", "", *found, ""] if found else []


def write_start_page(work: Path) -> bool:
    """Write ``work/START.md`` where it differs; False where it cannot be written."""
    text, path = start_page(work), work / PAGE
    try:
        same = path.is_file() and path.read_text("utf-8") == text
    except (OSError, ValueError):  # whatever it holds, it is written anew
        same = False
    return same or write_whole(path, text)


def redraw() -> bool:
    """Draw the learner's start page anew; False outside of a learner's folder."""
    work = work_folder()
    return work is not None and write_start_page(work)


def keep_report(exercise: str, points: float, most: float, passed: bool) -> bool:
    """Keep the last report of a check, and draw the start page anew; False, and no trace, outside of a learner's folder."""
    report = {"points": points, "most": most, "passed": passed}
    return keep("reports", exercise, report) and redraw()


def _next(here: list[Unit], stands: dict[int, Standing], work: Path) -> str:
    """What to do now, in a sentence or two."""
    touched = any(s.predicted or any(e.points is not None for e in s.exercises) for s in stands.values())  # fmt: skip
    if not here:
        return "There are no lectures here yet: close JupyterLab and run `make lab` again."
    if not touched:
        return _begin(here, work)
    for unit in here:
        left = stands[unit.number].next
        if left:
            name = left.name[3:].replace("_", " ")
            stated = statement_id(work / _problems(unit), left.name)
            place = f"{_problems(unit)}#cell-id={stated}" if stated else _problems(unit)
            go_on = (
                f"**Go on with [{name}]({place})**, exercise "
                f"{stands[unit.number].exercises.index(left) + 1} of {unit.number:02d} · {unit.title}."
            )
            suggested, reason = _suggested(here, work)
            if suggested is None or suggested.number <= unit.number:
                return go_on
            enter = f"**[{suggested.number:02d} · {suggested.title}]({_lecture(suggested)})**"
            return f"{go_on}\n\nOr enter at {enter}: so says the quiz. {reason}"
    return "**Every check in this copy has passed.** Questions in words are marked by a person."


def _begin(here: list[Unit], work: Path) -> str:
    """Where to begin: at the unit that the quiz suggested, else at the first, with a link to the quiz."""
    suggested, reason = _suggested(here, work)
    first = suggested or here[0]
    begin = (
        f"**Begin here: [{first.number:02d} · {first.title}]({_lecture(first)})**, and then "
        f"[its problem set]({_problems(first)})."
    )
    path = f"{QUIZ}/{QUIZ}.ipynb"
    if suggested and reason:
        return f"{begin}\n\nSo says [the quiz]({path}). {reason}"
    asks = f" Or do you know some of it already? [Where to enter]({path}) asks twenty short questions and suggests a unit."
    return begin + (asks if (work / path).is_file() else "")


def _suggested(here: list[Unit], work: Path) -> tuple[Unit | None, str]:
    """The unit that the quiz suggested, if it did, and why."""
    told = next(iter(kept("entry", "00", work).values()), {})
    unit = next((unit for unit in here if unit.stem[:2] == told.get("unit")), None)
    reason = told["reason"] if isinstance(told.get("reason"), str) else ""
    slips = told["skim"] if isinstance(told.get("skim"), list) else []
    links = [
        f"[{each.number:02d} · {each.title}]({_lecture(each)})"
        for each in here
        if each.stem[:2] in slips
    ]
    return unit, f"{reason} Skim {', '.join(links)}." if reason and links else reason


def _row(unit: Unit, stand: Standing) -> str:
    points = f"{stand.bar} {stand.points:g} of {stand.most:g}" if stand.most else ""
    points += f" ({stand.helped:g} with the solution at hand)" if stand.helped else ""
    predictions = f"{stand.predicted} of {stand.predictions}" if stand.predictions else ""
    return (
        f"| {unit.number:02d} | [{unit.title}]({_lecture(unit)}){' ★' if unit.core else ''} "
        f"| [problems]({_problems(unit)}) | {points} | {predictions} |"
    )


def _drawn(here: list[Unit], stands: dict[int, Standing]) -> str:
    """The map as a Mermaid graph, which JupyterLab draws in its own colours."""
    lines = ["```mermaid", NARROW, "flowchart TB", "  classDef away fill:none,stroke-dasharray:3 3"]
    lines += ["  classDef done stroke-width:4px"]
    for unit in UNITS:
        done = unit in here and stands[unit.number].most and not stands[unit.number].next
        name = f'u{unit.number}["{unit.number:02d} {unit.title.split(",")[0]}{" ★" if unit.core else ""}"]'
        lines.append(f"  {name}{'' if unit in here else ':::away'}{':::done' if done else ''}")
    lines += [f"  u{need} --> u{unit.number}" for unit in UNITS for need in unit.needs]
    return "\n".join([*lines, "```"])


def _exercises(unit: Unit, stand: Standing) -> str:
    told = ", ".join(
        f"{each.name[3:].replace('_', ' ')} {'–' if each.points is None else f'{each.points:g}'}/{each.most:g}"
        for each in stand.exercises
        if not each.written
    )
    return f"- **{unit.number:02d}** by exercise: {told}\n"


def _lecture(unit: Unit) -> str:
    return f"{unit.stem}/{unit.stem}.ipynb"


def _problems(unit: Unit) -> str:
    return f"{unit.stem}/{unit.stem}_problems.ipynb"
