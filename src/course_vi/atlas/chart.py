"""The wall chart: A1, landscape. A column for each model and family, a row for each estimator, and one logarithmic axis for all of it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_vi.atlas.entries import BOUNDS, ENTRIES
from course_vi.atlas.findings import Rows, findings
from course_vi.atlas.problems import PROBLEMS
from course_vi.atlas.table import biased
from course_vi.plots.style import (
    BASELINE,
    BLACK,
    BROWN,
    EXACT,
    ORANGE,
    PALE_GREY,
    PATH,
    QUIET,
    SCORE,
    WHITE,
    style,
)

__all__ = ["ALT", "refusal", "wall_chart", "write"]

INCH = 25.4
WIDTH, HEIGHT = 841.0, 594.0  # millimetres: A1
LEFT, EDGE, PITCH, PANEL = 132.0, 14.0, 11.0, 53.0
LETTERS, HEADS, SMALL = 21, 16, 14  # points; capitals of 21 points are 5.4 mm high
LOW, HIGH = 2e-3, 5e4  # of the axis
COLOURS = {"score": SCORE, "baseline": BASELINE, "path": PATH, "relaxed": ORANGE}
LETTERED = COLOURS | {"relaxed": BROWN}
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
REFUSALS = {
    "does not say what its factors read": "factors unknown",
    "independent coordinates": "q is not a product",
    "global": "global latents",
    "closed form": "no closed form",
    "distribution parameters": "q has a network",
}
ALT = (
    "Wall chart. Columns are models with a family, rows are gradient estimators on the ELBO and on IWAE with four samples. In each "
    "cell, on a logarithmic axis, the total variance of one estimate over the squared length of the exact gradient; that times the "
    "evaluations it takes; and, for relaxations, the squared bias. A vertical line at one is where signal equals noise."
)


def refusal(why: str) -> str:
    """Why the library refuses, in two or three words."""
    return next((words for part, words in REFUSALS.items() if part in why), "refused")


def wall_chart(table: dict[str, Any]) -> Figure:
    """The chart of a table as ``table.load`` gives it."""
    rows: Rows = table["rows"]
    with style(), matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure = Figure(figsize=(WIDTH / INCH, HEIGHT / INCH))
        FigureCanvasAgg(figure)
        _say(figure, EDGE, 16, "Estimator atlas", 64, weight="bold", va="center")
        _say(
            figure,
            252,
            10,
            f"Every gradient estimator of the course, on {len(PROBLEMS)} models with a family, for the parameters of q.",
            26,
            va="center",
        )
        _say(
            figure,
            252,
            22,
            f"Each estimate is made of K = {table['run']['samples']} samples. The exact gradient is known in every column.",
            26,
            va="center",
        )
        bottom = _block(figure, rows, True, 56.0)
        below = _block(figure, rows, False, bottom + 30.0)
        _reading(figure, rows, bottom + 15.0)
        run = table["run"]
        words = f"{run['command']}, seed {run['seed']}, torch {run['torch']}; 20,000 estimates a cell, 2,000 where q has a network."
        _say(figure, EDGE, below + 14, words, SMALL, color=QUIET)
        return figure


def write(figure: Figure, path: Path) -> None:
    """As a vector file, by its suffix; without a date, so that equal tables make equal files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix[1:]
    date: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(suffix, {})
    settings = {"pdf.fonttype": 42, "svg.hashsalt": "atlas", "savefig.dpi": 72}
    with style(), matplotlib.rc_context(settings):
        figure.savefig(path, format=suffix, metadata=date)


def _say(figure: Figure, x: float, y: float, words: str, size: float, **kwargs: Any) -> None:
    """Words at millimetres from the left and from the top."""
    figure.text(x / WIDTH, 1 - y / HEIGHT, words, fontsize=size, **({"va": "top"} | kwargs))


def _axes(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Axes whose upper left corner is at (x, y) millimetres."""
    return figure.add_axes((x / WIDTH, 1 - (y + height) / HEIGHT, width / WIDTH, height / HEIGHT))


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
            _say(figure, EDGE, y, title, LETTERS, weight="bold", va="center")
        else:
            entry = ENTRIES[name]
            _say(figure, LEFT - 3, y, entry.label, LETTERS, color=LETTERED[entry.kind], ha="right", va="center")  # fmt: skip
    cells = {(row["column"], row["bound"], row["estimator"]): row for row in rows}
    for index, name in enumerate(columns):
        x = LEFT + PANEL * index
        ax = _axes(figure, x, top, PANEL - 3, height)
        model = textwrap.fill(PROBLEMS[name].model, 15)
        _say(figure, x, top - 8.5, model, HEADS, va="bottom", linespacing=1.05)
        _say(figure, x, top - 1.5, FAMILIES[PROBLEMS[name].family], SMALL, va="bottom", color=QUIET)
        _frame(ax, len(lines))
        for place, (bound, estimator) in enumerate(lines):
            if estimator is not None:
                _cell(ax, place, cells[name, bound, estimator])
    return top + height


def _frame(ax: Axes, count: int) -> None:
    ax.set(xscale="log", xlim=(LOW, HIGH), ylim=(count - 0.5, -0.5), yticks=[])
    ax.set_xticks([1e-2, 1, 1e2, 1e4])
    ax.minorticks_off()
    ax.grid(False)
    ax.tick_params(labelsize=SMALL, pad=2)
    ax.spines["left"].set_visible(False)
    for place in range(count):
        ax.axhline(place + 0.5, color=PALE_GREY, linewidth=0.6, zorder=0)
    ax.axvline(1.0, color=EXACT, linewidth=1.6, zorder=1)


def _cell(ax: Axes, place: float, row: dict[str, Any]) -> None:
    if row["status"] == "refused":
        ax.text(
            0.5,
            place,
            refusal(row["why"]),
            transform=ax.get_yaxis_transform(),
            fontsize=SMALL,
            color=QUIET,
            ha="center",
            va="center",
            bbox={"facecolor": WHITE, "edgecolor": "none", "pad": 1},
        )
        return
    colour, unit = COLOURS[ENTRIES[row["estimator"]].kind], row["signal"] ** 2
    known = "exact_variance" in row
    noise = (row["exact_variance"] if known else row["variance"]) / unit
    work = noise * (row["values"] + row["gradients"])
    inside = [min(max(value, LOW * 1.15), HIGH / 1.15) for value in (noise, work)]
    ax.plot(inside, [place, place], color=colour, linewidth=2.5, zorder=2)
    for value, shown, fill in ((noise, inside[0], WHITE), (work, inside[1], colour)):
        marker = ("D" if known else "o") if value == shown else (">" if value > shown else "<")
        ax.plot(
            shown,
            place,
            marker,
            color=colour,
            markerfacecolor=fill,
            markersize=10 if known else 11,
            markeredgewidth=2.5,
            zorder=3,
        )
    if biased(row):
        low, high = (max(row["bias"] + sign * 2 * row["bias_se"], 0.0) ** 2 / unit for sign in (-1, 1))  # fmt: skip
        ax.plot(
            [max(low, LOW), max(high, LOW)], [place, place], color=BLACK, linewidth=1.5, zorder=4
        )
        ax.plot(max(row["bias"] ** 2 / unit, LOW * 1.15), place, "X", color=BLACK, markersize=12, zorder=5)  # fmt: skip


def _reading(figure: Figure, rows: Rows, top: float) -> None:
    """How to read it, and what it says."""
    x = LEFT + PANEL * sum(not column.path for column in PROBLEMS.values()) + 14
    width = WIDTH - EDGE - x
    _say(figure, x, top + 4, "How to read a cell", 32, weight="bold")
    ax = _axes(figure, x, top + 40, width, 15)
    _frame(ax, 1)
    example = {"status": "measured", "estimator": "gumbel_softmax", "signal": 1.0, "variance": 8.0}
    cost = {"values": 4, "gradients": 4}
    _cell(ax, 0, example | cost | {"bias": 0.4, "bias_se": 0.04, "worst_z": 9.0})
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
        "The bar is the cost: values and gradients of log p that an estimate asks for. Further left is better. A cross does not move when you average.",
        "Diamonds are exact, by enumeration or quadrature; circles are measured. Arrows: off the axis. "
        "Words: the library refuses, and why.",
    ]
    y = top + 84
    for note in notes:
        y = _paragraph(figure, x, y, note, width, 18)
    _say(figure, x, y + 2, "What it says", 32, weight="bold")
    y += 18
    for sentence in findings(rows):
        y = _paragraph(figure, x, y, sentence, width, 17)


def _paragraph(figure: Figure, x: float, y: float, words: str, width: float, size: float) -> float:
    """Filled to the width; where the next one begins."""
    filled = textwrap.fill(words, int(width / (size * 0.352 * 0.535)))
    _say(figure, x, y, filled, size, linespacing=1.2)
    return y + (filled.count("\n") + 1) * size * 0.352 * 1.4 + 2.6
