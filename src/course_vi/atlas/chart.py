"""The wall chart: A1, landscape. A column for each model and family, a row for each estimator, and one logarithmic axis for all of it."""

from __future__ import annotations

import textwrap
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from course_vi.atlas.cells import LETTERED, SMALL, cell, frame
from course_vi.atlas.entries import BOUNDS, ENTRIES
from course_vi.atlas.findings import Rows, findings
from course_vi.atlas.problems import PROBLEMS
from course_vi.atlas.sheet import WIDTH, axes, blank_sheet, paragraph, say
from course_vi.plots.style import QUIET, style

__all__ = ["ALT", "wall_chart"]

LEFT, EDGE, PITCH, PANEL = 132.0, 14.0, 11.0, 53.0  # millimetres
LETTERS, HEADS = 21, 16  # points; capitals of 21 points are 5.4 mm high
FAMILIES = {
    "MeanField": "mean field",
    "FullRank": "full covariance",
    "FactorCovariance": "factor covariance",
    "SparsePrecision": "sparse precision",
    "Planar": "planar flow",
    "GammaMeanField": "Gamma",
    "Layered(Amortized)": "layered, amortized",
    "BernoulliMeanField": "independent bits",
    "CategoricalMeanField": "categories",
}
ALT = (
    "Wall chart. Columns are models with a family, rows are gradient estimators on the ELBO and on IWAE with four samples. In each "
    "cell, on a logarithmic axis, the total variance of one estimate over the squared length of the exact gradient; that times the "
    "evaluations it takes; and, for relaxations, the squared bias. A vertical line at one is where signal equals noise."
)


def wall_chart(table: dict[str, Any]) -> Figure:
    """The chart of a table as ``table.load`` gives it."""
    rows: Rows = table["rows"]
    with style(), matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure = blank_sheet()
        say(figure, EDGE, 16, "Estimator atlas", 64, weight="bold", va="center")
        for y, words in (
            (
                10,
                f"Every gradient estimator of the course, on {len(PROBLEMS)} pairs of model and family, for the parameters of q.",
            ),
            (
                22,
                f"An estimate is made of K = {table['run']['samples']} samples. The exact gradient is known in every column.",
            ),
        ):
            say(figure, 252, y, words, 26, va="center")
        bottom = _block(figure, rows, True, 56.0)
        below = _block(figure, rows, False, bottom + 30.0)
        _reading(figure, rows, bottom + 15.0)
        run = table["run"]
        words = f"{run['command']}, seed {run['seed']}, torch {run['torch']}; 20,000 estimates a cell, 2,000 where q has a network."
        say(figure, EDGE, below + 14, words, SMALL, color=QUIET)
        return figure


def _lines(rows: Rows, columns: list[str]) -> list[tuple[str, str | None]]:
    """The rows of a block: (bound, estimator), and (bound, None) for the headings."""
    lines: list[tuple[str, str | None]] = []
    for bound in BOUNDS:
        lines.append((bound, None))
        there = {
            row["estimator"]
            for row in rows
            if row["column"] in columns and row["bound"] == bound and row["status"] == "measured"
        }
        lines += [(bound, name) for name in ENTRIES if name in there]
    return lines


def _block(figure: Figure, rows: Rows, path: bool, top: float) -> float:
    """The columns whose latents are continuous, or those where they are not; where it ends, in millimetres from the top."""
    columns = [name for name, column in PROBLEMS.items() if column.path is path]
    lines = _lines(rows, columns)
    height = PITCH * len(lines)
    for place, (bound, name) in enumerate(lines):
        y = top + PITCH * (place + 0.5)
        if name is None:
            title = {"elbo": "ELBO", "iwae": "IWAE"}[bound]
            say(figure, EDGE, y, title, LETTERS, weight="bold", va="center")
        else:
            entry = ENTRIES[name]
            say(figure, LEFT - 3, y, entry.label, LETTERS, color=LETTERED[entry.kind], ha="right", va="center")  # fmt: skip
    cells = {(row["column"], row["bound"], row["estimator"]): row for row in rows}
    for index, name in enumerate(columns):
        x = LEFT + PANEL * index
        ax = axes(figure, x, top, PANEL - 3, height)
        model = textwrap.fill(PROBLEMS[name].model, 15)
        say(figure, x, top - 8.5, model, HEADS, va="bottom", linespacing=1.05)
        say(figure, x, top - 1.5, FAMILIES[PROBLEMS[name].family], SMALL, va="bottom", color=QUIET)
        frame(ax, len(lines))
        for place, (bound, estimator) in enumerate(lines):
            if estimator is not None:
                cell(ax, place, cells[name, bound, estimator])
    return top + height


def _reading(figure: Figure, rows: Rows, top: float) -> None:
    """How to read it, and what it says."""
    x = LEFT + PANEL * sum(not column.path for column in PROBLEMS.values()) + 14
    width = WIDTH - EDGE - x
    say(figure, x, top + 4, "How to read a cell", 32, weight="bold")
    ax = axes(figure, x, top + 40, width, 15)
    frame(ax, 1)
    example = {"status": "measured", "estimator": "gumbel_softmax", "signal": 1.0, "variance": 8.0}
    cost = {"values": 4, "gradients": 4}
    cell(ax, 0, example | cost | {"bias": 0.4, "bias_se": 0.04, "worst_z": 9.0})
    for value, words, up in (
        (0.16, "squared bias,\nif one is seen", True),
        (1.0, "squared length of\nthe exact gradient", False),
        (8.0, "variance of\none estimate", True),
        (64.0, "variance × evaluations\n= work", False),
    ):
        ax.annotate(
            words,
            (value, -0.12 if up else 0.12),
            (value, -0.62 if up else 1.1),
            fontsize=19,
            ha="center",
            va="bottom" if up else "top",
            arrowprops={"arrowstyle": "-", "color": QUIET},
        )
    notes = [
        "In units of the squared exact gradient: the black line is at 1. An open mark left of it has more signal than noise. "
        "The bar is the cost: values and gradients of log p that an estimate asks for. Further left is better. "
        "A cross does not move when you average.",
        "Diamonds are exact, by enumeration or quadrature; circles are measured. Arrows: off the axis. "
        "Words: the library refuses, and why. Letters are red for the score function alone, green with a baseline or a control variate, "
        "blue along a path, brown for relaxations.",
    ]
    y = top + 84
    for note in notes:
        y = paragraph(figure, x, y, note, width, 18)
    say(figure, x, y + 2, "What it says", 32, weight="bold")
    y += 18
    for sentence in findings(rows):
        y = paragraph(figure, x, y, sentence, width, 17)
