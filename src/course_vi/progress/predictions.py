"""Predict before you run: a guess is kept, shown beside the result, and counted at the end. Never graded."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from course_vi.progress.judging import as_number, judged
from course_vi.progress.start_page import redraw
from course_vi.progress.store import keep, kept, sits_here, work_folder
from course_vi.syllabus import of_number

__all__ = ["predict", "reveal", "tally"]

NAME = re.compile(r"\d\d_\d+")
CELL = 'style="text-align:left;padding:0.15em 0.8em"'
ASIDE = "color:var(--jp-ui-font-color1, #333)"


def predict(name: str, choices: Sequence[str] | None = None, number: bool = False) -> None:
    """Ask for a prediction in one line, and keep it in the learner's folder; ``reveal`` shows it beside the result.

    Outside of a learner's folder, without a kernel or with ``COURSE_VI_SMOKE`` the question is plain text and nothing is kept. What was
    kept can be changed until its answer was revealed.

    Args:
        name: the unit's number and the prediction's, such as ``"03_5"``.
        choices: what to choose from; a line of text is asked for where there are none.
        number: ask for a number.

    Raises:
        ValueError: the name is no name, choices are fewer than two or repeated, or both choices and a number are asked for.

    >>> predict("03_5", choices=["below", "above"])
    Predict 5: below / above
    """
    options = _checked(name, choices, number)
    if not sits_here():
        print(f"Predict {name[3:]}: {' / '.join(options) if options else 'a number' if number else 'in a few words'}")  # fmt: skip
        return
    from IPython.display import display

    display(_widget(name, options, number))


def reveal(name: str, truth: str | float) -> None:
    """Say what it is, beside what was predicted. ``truth`` is one of the choices, a number, or a few words.

    Raises:
        ValueError: the name is no name.

    >>> reveal("03_5", "above")
    Predict 5: it is above.
    """
    _checked(name, None, False)
    told = truth if isinstance(truth, str) else f"{float(truth):.4g}"
    mine = kept("predictions", name[:2]).get(name)
    if mine is None or "guess" not in mine:
        print(f"Predict {name[3:]}: it is {told}.")
        return
    right = judged(str(mine["guess"]), str(mine.get("kind")), told)
    first = {
        "revealed": date.today().isoformat(),
        **mine,
        "truth": told,
    }  # run again, it keeps its day
    keep("predictions", name, first if right is None else {**first, "right": right})
    mark = {True: " ✓", False: "", None: ""}[right]
    print(f"Predict {name[3:]}: you said {mine['guess']}{mark}; it is {told}.")


def tally(unit: str) -> None:
    """The predictions of a unit, what came, and how many agreed; then where to go on.

    Args:
        unit: its number, such as ``"03"``.

    Raises:
        ValueError: there is no such unit.

    >>> tally("03")
    Your predictions are counted here when the lecture runs from your folder, work/ (`make lab` fills it).
    """
    stem = of_number(unit).stem
    if work_folder() is None:
        print("Your predictions are counted here when the lecture runs from your folder, work/ (`make lab` fills it).")  # fmt: skip
        return
    from IPython.display import HTML, display

    redraw()
    display(HTML(_table(stem, kept("predictions", unit))))


def _checked(name: str, choices: Sequence[str] | None, number: bool) -> list[str]:
    if not NAME.fullmatch(name):
        raise ValueError(
            f"name is {name!r}; expected a unit's number and a prediction's, as '03_5'"
        )
    options = list(choices or ())
    if choices is not None and (len(options) < 2 or len(set(options)) < len(options)):
        raise ValueError(f"choices are {options!r}; expected at least two, all different")
    if options and number:
        raise ValueError("choices and number=True: expected one of the two")
    return options


def _widget(name: str, options: list[str], number: bool) -> Any:
    """Buttons or a line to write in, and a word that it was kept."""
    import ipywidgets as widgets

    mine = kept("predictions", name[:2]).get(name, {})
    guess, closed = str(mine.get("guess", "")), "truth" in mine
    kind = "choice" if options else "number" if number else "words"
    said = widgets.HTML(_said(guess, closed))
    entry: Any
    if options:
        entry = widgets.ToggleButtons(
            options=options, value=guess if guess in options else None, disabled=closed,
            style={"button_width": "auto"}, layout=widgets.Layout(width="auto"),
        )  # fmt: skip
    else:
        entry = widgets.Text(
            value=guess, placeholder="a number" if number else "in a few words", disabled=closed,
            continuous_update=False, layout=widgets.Layout(width="12em" if number else "30em"),
        )  # fmt: skip

    def note(change: dict[str, Any]) -> None:
        new = str(change["new"] or "").strip()
        if number and as_number(new) is None:
            said.value = "<small>a number, please, such as 0.3</small>"
        elif new and keep("predictions", name, {"guess": new, "kind": kind}):
            said.value = _said(new, False)

    entry.observe(note, "value")
    line = widgets.Layout(flex_flow="row wrap", align_items="center")
    return widgets.Box([entry, said], layout=line)


def _said(guess: str, closed: bool) -> str:
    if not guess:
        return f'<small style="{ASIDE}">Predict, then run on. Kept for you alone.</small>'
    return f'<small style="{ASIDE}">{"You said so before you saw it" if closed else "Kept"}: {html.escape(guess)}</small>'


def _table(stem: str, mine: dict[str, dict[str, Any]]) -> str:
    place = f'<a href="{stem}_problems.ipynb">Now the problem set</a> · <a href="../START.md">Start page</a>'
    names = sorted((name for name in mine if NAME.fullmatch(name)), key=lambda name: int(name[3:]))
    if not names:
        return f"<div>No prediction of this unit was kept. {place}</div>"
    rows = "".join(
        f"<tr><td {CELL}>{name[3:]}</td><td {CELL}>{html.escape(str(mine[name].get('guess', '')))}</td>"
        f"<td {CELL}>{html.escape(str(mine[name].get('truth', 'not looked at yet')))}</td>"
        f"<td {CELL}>{'✓' if mine[name].get('right') else ''}</td></tr>"
        for name in names
    )
    judged = [name for name in names if "right" in mine[name]]
    right = sum(bool(mine[name]["right"]) for name in judged)
    told = f"<b>{right} of {len(judged)} as you predicted.</b> " if judged else ""
    head = f"<tr><th {CELL}>Predict</th><th {CELL}>you said</th><th {CELL}>it is</th><th></th></tr>"
    return (
        f"<div>{told}A prediction that failed shows where an idea of yours met the facts: read that section once more."
        f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>{place}</div>"
    )
