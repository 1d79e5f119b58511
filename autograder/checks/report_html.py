"""A report as a notebook shows it, in the colours of JupyterLab's theme, or without one."""

from __future__ import annotations

import html

from autograder.checks.check_result import CheckResult, NamedMistake, PartResult
from autograder.checks.lecture_links import link
from autograder.checks.plain_text import plain_text
from autograder.checks.report_text import MAX_LONG, comparison, passing, remarks, worth_of

__all__ = ["GREEN", "GREY", "RED", "as_html"]

# A theme's own green is too pale for text on its ground. Mixed with the colour of text it is not.
GREEN = "color-mix(in srgb, var(--jp-success-color1, #1b5e20) 60%, var(--jp-ui-font-color0, #000))"
RED = "color-mix(in srgb, var(--jp-error-color1, #b71c1c) 60%, var(--jp-ui-font-color0, #000))"
GREY = "var(--jp-ui-font-color1, #333)"

CELL = "text-align:left;vertical-align:top;padding:0.25em 0.7em"
MAX_PRINTED = 2000


def as_html(report: CheckResult) -> str:
    """The verdict, each mistake once, the parts and their worth, links to where to read."""
    colour = GREEN if report.passed else GREY if report.unwritten or report.interrupted else RED
    told = "".join(f"<div>{_escape(sentence)}</div>" for sentence in remarks(report))
    if not report.unwritten and not report.interrupted:
        told += "".join(_mistake(mistake) for mistake in report.mistakes)
        rows = "".join(_row(report, part) for part in report.parts)
        told += f'<table style="margin:0.3em 0"><tbody>{rows}</tbody></table>' if rows else ""
        told += "".join(_read(place, report.graded) for place in report.reading)
    if report.printed:
        summary = "<summary>Your code also printed something (this costs nothing)</summary>"
        printed = _escape(plain_text(report.printed, MAX_PRINTED))
        told += f"<details>{summary}<pre>{printed}</pre></details>"
    return (
        f'<div role="status" style="border-left:4px solid {colour};padding:0.2em 0.8em">'
        f'<b style="color:{colour}">{report.verdict}</b> &nbsp; {_escape(report.exercise.title)}: '
        f"<b>{report.points:g} of {report.max_points:g} points</b>{told}"
        f'<small style="color:{GREY}">{report.seconds:.1f} s. {_inputs(report)}</small></div>'
    )


def _mistake(mistake: NamedMistake) -> str:
    where = f'<span style="color:{GREY}">In {_escape(mistake.where)}.</span>'
    sentence = _escape(plain_text(mistake.sentence, MAX_LONG))
    if mistake.error:
        error = _escape(plain_text(mistake.error, MAX_LONG))
        told = f"<b>It stopped:</b> <code>{error}</code>" + (f"<br>{sentence}" if sentence else "")
    else:
        told = f"<b>Likely mistake:</b> {sentence}"
    return f'<div style="margin:0.3em 0">{told} {where}</div>'


def _row(report: CheckResult, part: PartResult) -> str:
    mark, colour = ("✓ pass", GREEN) if part.finding.ok else ("✗ fail", RED)
    if part.finding.ok:
        detail = _escape(passing(part))
    else:
        detail = "<br>".join(f"<b>{label}:</b> {_escape(text)}" for label, text in comparison(part))
    if part.finding.efficiency:
        detail += f"<br>{_escape(str(part.finding.efficiency).capitalize())}"
    worth = worth_of(report, part)
    cells = (
        f'<td style="{CELL};white-space:nowrap"><span style="color:{colour}">{mark}</span></td>',
        f'<td style="{CELL}">{_escape(part.name)}</td>',
        f'<td style="{CELL};white-space:nowrap">{worth}</td>',
        f'<td style="{CELL}">{detail}</td>',
    )
    return f"<tr>{''.join(cells)}</tr>"


def _read(place: str, graded: bool) -> str:
    """A link where it leads somewhere: a graded page is read far away from the lectures."""
    address = "" if graded else link(place)
    name = _escape(place)
    shown = f'<a href="{_escape(address)}">{name}</a>' if address else name
    return f"<div><b>Read:</b> {shown}</div>"


def _inputs(report: CheckResult) -> str:
    if report.graded:
        return "Inputs were drawn for you alone, and stay hidden."
    return f"Inputs are fresh at every call; <code>seed={report.seed}</code> repeats these."


def _escape(text: str) -> str:
    return html.escape(text)
