"""A report in plain text, and the sentences that it shares with the HTML."""

from __future__ import annotations

import re

from autograder.checks.check_result import CheckResult, PartResult
from autograder.checks.plain_text import plain_text

__all__ = ["AS_ASKED", "as_text", "comparison", "heading", "passing", "remarks", "worth_of"]

AS_ASKED = "as asked"
MAX_SHORT, MAX_LONG = 300, 700  # characters of what came and was expected, and of a sentence


def as_text(report: CheckResult) -> str:
    """The verdict, each mistake once, the parts and their worth, where to read."""
    lines = [f"{report.verdict}  {heading(report)}"]
    lines += [f"  {sentence}" for sentence in remarks(report)]
    if report.unwritten or report.interrupted:
        return "\n".join(lines)
    for mistake in report.mistakes:
        if mistake.error:
            lines.append(f"  It stopped in {mistake.where}: {plain_text(mistake.error, MAX_LONG)}")
        if mistake.sentence:
            told = plain_text(mistake.sentence, MAX_LONG)
            lines.append(
                f"      {told}"
                if mistake.error
                else f"  Likely mistake: {told} (In {mistake.where}.)"
            )
    for part in report.parts:
        worth = f"{part.name} ({worth_of(report, part)})"
        if part.finding.ok:
            lines.append(f"  pass  {worth}: {passing(part)}")
        else:
            lines.append(f"  FAIL  {worth}")
            lines += [f"        {label}: {text}" for label, text in comparison(part)]
        if part.finding.efficiency:
            lines.append(f"        {part.finding.efficiency}")
    lines += [f"  Read: {place}" for place in report.reading]
    if report.printed:
        lines.append(
            f"  your code also printed (this costs nothing): {_first_line(report.printed)}"
        )
    return "\n".join(lines)


def heading(report: CheckResult) -> str:
    """The exercise's title, and the points."""
    return f"{report.exercise.title}: {report.points:g} of {report.max_points:g} points"


def remarks(report: CheckResult) -> list[str]:
    """What is to be said before the parts."""
    told = [report.interrupted]
    if not report.passed:
        told += [report.why, report.remark]
    if report.unwritten and not report.remark:
        told.append(
            f"Nothing to test yet: {report.exercise.function} still raises NotImplementedError. "
            "Replace that line with your answer, run its cell, then run this one again."
        )
    return [plain_text(sentence, MAX_LONG) for sentence in told if sentence]


def worth_of(report: CheckResult, part: PartResult) -> str:
    """What a part is worth, and what is earned of it where that is neither all nor nothing."""
    worth = f"worth {report.worth(part):g} of {report.max_points:g}"
    if part.share in (0.0, 1.0):
        return worth
    return f"{worth}, {report.worth(part) * part.share:.2g} of it earned"


def passing(part: PartResult) -> str:
    """What a part that passed says: the words of its finding, never bare numbers."""
    words = plain_text(part.finding.actual, MAX_SHORT)
    numbers = re.sub(r"\(\d+ numbers\)|\b(?:nan|inf|True|False)\b|(?<=[\d.])e(?=[-+\d])", "", words)
    return words if re.search(r"[^\W\d_]", numbers) else AS_ASKED


def comparison(part: PartResult) -> list[tuple[str, str]]:
    """What a failed part expected, and what came; an error is told above, once."""
    if part.stopped:
        return [("Came", "no value, but the error above")]
    rows = [("Expected", part.finding.expected), ("Came", part.finding.actual)]
    return [(label, plain_text(text, MAX_SHORT)) for label, text in rows if text]


def _first_line(text: str) -> str:
    return next(iter(plain_text(text, 200).splitlines()), "")
