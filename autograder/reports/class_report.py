"""The class at a glance: how the points are spread, which exercise was hardest, which mistakes were made most.

python -m autograder report 03      writes autograder/class.data/reports/03_elbo/index.html and two pictures
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

if TYPE_CHECKING:
    from autograder.grading.class_folder import Classroom

__all__ = ["Summary", "draw", "mistakes", "page", "summarize"]

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#999999"
STYLE = """body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; line-height: 1.4 }
td, th { padding: .2em .8em; text-align: left; vertical-align: top } td.n, th.n { text-align: right } img { max-width: 100% }"""


@dataclass(frozen=True)
class Summary:
    """What is known of a unit's class.

    Attributes:
        titles: of the exercises, by id, in order; ``most`` what each is worth.
        points: by student, then by exercise; None where a person has yet to mark.
        reasons: why others have no grade.
        mistakes: by exercise, how often each was recognised, counted once a student.
        repaired: how many notebooks were repaired.
        efficiencies: by exercise, the reference and the efficiency of each student's estimator.
    """

    unit: str
    titles: Mapping[str, str]
    most: Mapping[str, float]
    points: Mapping[str, Mapping[str, float | None]]
    reasons: Mapping[str, str]
    mistakes: Mapping[str, Counter[str]]
    repaired: int = 0
    efficiencies: Mapping[str, Sequence[tuple[str, float]]] = field(default_factory=dict)

    @property
    def totals(self) -> list[float]:
        return [sum(value or 0.0 for value in mine.values()) for mine in self.points.values()]

    def share(self, name: str) -> float | None:
        """The mean share of an exercise's points, over those who are marked in it."""
        marked = [mine[name] for mine in self.points.values() if mine.get(name) is not None]
        return (
            sum(value or 0.0 for value in marked) / len(marked) / self.most[name]
            if marked
            else None
        )

    def full(self, name: str) -> float:
        """The share of those with full points, among those who are marked."""
        marked = [mine[name] for mine in self.points.values() if mine.get(name) is not None]
        return sum(value == self.most[name] for value in marked) / len(marked) if marked else 0.0

    @property
    def hardest(self) -> list[str]:
        """Exercises by mean share, the hardest first; those in which fewer than half are marked yet are left out."""
        marked = {
            name: sum(mine.get(name) is not None for mine in self.points.values())
            for name in self.titles
        }
        shares = {
            name: self.share(name) for name in self.titles if 2 * marked[name] >= len(self.points)
        }
        return sorted(
            (name for name, share in shares.items() if share is not None),
            key=lambda name: shares[name] or 0.0,
        )


def summarize(group: Classroom, unit: str) -> Summary:
    """Read log, gradebook and autograded notebooks of a unit."""
    from autograder.grading.export import marks

    exercises = {name: ex for name, ex in group.course.registry.items() if ex.unit == unit}
    reasons = {
        mark.student: mark.reason
        for mark in marks(group, unit)
        if mark.reason and mark.reason != "not handed in"
    }
    points: dict[str, dict[str, float | None]] = {}
    found: dict[str, Counter[str]] = {name: Counter() for name in exercises}
    measured: dict[str, list[tuple[str, float]]] = {}
    latest = group.ledger(unit).latest()
    with group.gradebook() as gradebook:
        for submission in gradebook.assignment_submissions(unit):
            student = submission.student_id
            if student in reasons:
                continue
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            points[student] = {
                grade.name: None if grade.needs_manual_grade else float(grade.score)
                for grade in grades
            }
            path = group.folder / "autograded" / student / unit / f"{unit}.ipynb"
            if path.exists():
                notebook = nbformat.read(path, as_version=4)
                for name, kinds in mistakes(notebook).items():
                    found.get(name, Counter()).update(kinds)
                for name, one in efficiencies(notebook).items():
                    measured.setdefault(name, []).append(one)
    repaired = sum(bool(record["repairs"]) for record in latest.values())
    titles = {name: ex.title for name, ex in exercises.items()}
    return Summary(
        unit,
        titles,
        {name: float(ex.points) for name, ex in exercises.items()},
        points,
        reasons,
        found,
        repaired,
        measured,
    )


def efficiencies(notebook: nbformat.NotebookNode) -> dict[str, tuple[str, float]]:
    """The efficiency of each estimator in an autograded notebook, with what it is measured against, as its grader noted them."""
    noted = notebook.metadata.get("course_vi", {}).get("efficiency", {})
    return {name: (str(one["reference"]), float(one["value"])) for name, one in noted.items()}


def mistakes(notebook: nbformat.NotebookNode) -> dict[str, set[str]]:
    """The mistakes that were recognised in an autograded notebook, by exercise, as its grader noted them (``execute.verdicts``)."""
    noted = notebook.metadata.get("course_vi", {}).get("mistakes", {})
    return {name: set(sentences) for name, sentences in noted.items() if sentences}


def draw(summary: Summary, folder: Path) -> list[Path]:
    """Two pictures: the distribution of totals, and the exercises from hardest to easiest."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    most = sum(summary.most.values())
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    bins = [most * number / 10 for number in range(11)]
    axes.hist(summary.totals, bins=bins, color=BLUE, edgecolor="white")
    axes.set(
        xlabel=f"points, of {most:g}",
        ylabel="students",
        xlim=(0, most),
        title=f"{summary.unit}: {len(summary.totals)} graded",
    )
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    paths = [folder / "distribution.png", folder / "exercises.png"]
    figure.savefig(paths[0], dpi=150)

    names = summary.hardest[::-1]
    figure = Figure(figsize=(7, 0.8 + 0.42 * max(1, len(names))), layout="constrained")
    axes = figure.subplots()
    labels = [summary.titles[name] for name in names]
    axes.barh(
        labels,
        [100 * (summary.share(name) or 0.0) for name in names],
        color=BLUE,
        height=0.6,
        label="mean, percent of the points",
    )
    axes.plot(
        [100 * summary.full(name) for name in names],
        labels,
        "D",
        color=ORANGE,
        label="percent of students with full points",
    )
    axes.set(xlim=(0, 105), xlabel="percent")
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize="small")
    figure.savefig(paths[1], dpi=150)
    return paths


def page(summary: Summary, pictures: Sequence[Path]) -> str:
    """The report as HTML."""
    escape: Any = html.escape
    totals = sorted(summary.totals)
    middle = (totals[(len(totals) - 1) // 2] + totals[len(totals) // 2]) / 2 if totals else 0.0
    mean = sum(totals) / len(totals) if totals else 0.0
    waiting = sum(any(value is None for value in mine.values()) for mine in summary.points.values())
    told = [
        f"{len(totals)} graded: mean {mean:.2f}, median {middle:.2f} of {sum(summary.most.values()):g} points."
    ]
    told += [f"{waiting} of them wait for marks by hand, which count as nothing here."] * bool(
        waiting
    )
    told += [f"{summary.repaired} notebooks were repaired before they were graded."] * bool(
        summary.repaired
    )
    hard = "".join(
        f"<tr><td>{escape(summary.titles[name])} ({escape(name)})</td><td class=n>{summary.share(name):.0%}</td>"
        f"<td class=n>{summary.full(name):.0%}</td></tr>"
        for name in summary.hardest
    )
    ranked = sorted(
        (
            (count, name, kind)
            for name, kinds in summary.mistakes.items()
            for kind, count in kinds.items()
        ),
        reverse=True,
    )
    wrong = "".join(f"<tr><td class=n>{count}</td><td>{escape(summary.titles[name])}</td><td>{escape(kind)}</td></tr>"
                    for count, name, kind in ranked[:15])  # fmt: skip
    head = "<tr><th class=n>students</th><th>exercise</th><th>likely mistake</th></tr>"
    wrong = f"<table>{head}{wrong}</table>" if wrong else "<p>None was named.</p>"
    spread = "".join(
        _efficiency_row(summary.titles.get(name, name), values)
        for name, values in summary.efficiencies.items()
        if values
    )
    head = "".join(
        f"<th class=n>{column}</th>"
        for column in ("measured", "least", "quarter", "median", "three quarters", "most")
    )
    spread = (
        f"<h2>Efficiency of the estimators</h2><p>The variance of a right estimator over that of a student's: 1 is as good, a half "
        f"costs twice the samples.</p><table><tr><th>exercise</th><th>of</th>{head}</tr>{spread}</table>"
        if spread
        else ""
    )
    failed = "".join(
        f"<li>{escape(student)}: {escape(reason)}</li>"
        for student, reason in sorted(summary.reasons.items())
    )
    failed = f"<h2>Without a grade</h2><ul>{failed}</ul>" if failed else ""
    said = (
        "histogram of the points",
        "mean share of the points, and students with full points, by exercise",
    )
    images = "".join(
        f'<p><img src="{path.name}" alt="{alt}"></p>'
        for path, alt in zip(pictures, said, strict=False)
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{summary.unit}: the class</title><style>{STYLE}</style></head>
<body><h1>{summary.unit}: the class</h1><p>{" ".join(told)}</p>{images}
<h2>Exercises, the hardest first</h2>
<table><tr><th>exercise</th><th class=n>mean</th><th class=n>full points</th></tr>{hard}</table>
<h2>Commonest mistakes</h2>{wrong}{spread}{failed}</body></html>
"""


def _efficiency_row(title: str, values: Sequence[tuple[str, float]]) -> str:
    """How the efficiencies of a class are spread, in five numbers."""
    ordered = sorted(value for _, value in values)
    five = [ordered[round(share * (len(ordered) - 1))] for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    cells = "".join(f"<td class=n>{value:.2g}</td>" for value in five)
    of = Counter(reference for reference, _ in values).most_common(1)[0][0]
    return (
        f"<tr><td>{html.escape(title)}</td><td>{html.escape(of)}</td>"
        f"<td class=n>{len(ordered)}</td>{cells}</tr>"
    )
