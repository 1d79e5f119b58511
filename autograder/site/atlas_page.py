"""The estimator atlas as a page of the book: the wall chart, how to read it, what it says, and all of its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from course_vi.atlas.cells import refusal
from course_vi.atlas.chart import ALT, wall_chart
from course_vi.atlas.entries import ENTRIES
from course_vi.atlas.findings import findings
from course_vi.atlas.problems import PROBLEMS
from course_vi.atlas.sheet import write
from course_vi.atlas.table import load, verdict

__all__ = ["atlas_page", "draw_atlas"]

TITLE = "# The estimator atlas\n\n"
HEADER = (
    "| Estimator | Bound | Finding | Bias ± error | Variance | SNR | Evaluations | Time | Variance × evaluations |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)
READING = """## How to read it

Each column is a model with a family whose **exact** gradient is known: by enumeration of states, by quadrature, or in closed form.
Each row is an estimator, on the ELBO above and on the importance-weighted bound below. All is about the gradient in the parameters of
q, as one long vector; the parameters of the model are held.

- The **open mark** is the variance of one estimate, summed over the parameters; the **full mark** is the same times its cost. The bar
  between them is the cost: how many values and gradients of log p(x, z) an estimate asks the model for. Averaging n estimates divides
  the variance by n, so two estimators with the same full mark buy the same precision for the same work.
- Everything is measured in the squared length of the exact gradient, which is the **black line** at 1. An open mark left of it has
  more signal than noise: the signal-to-noise ratio is the square root of line over mark.
- A **black cross** is the squared bias, where a bias is seen, with two standard errors. It does not move when you average.
- **Diamonds** are exact: the estimator itself was summed over all of its noise. Circles are measured. Words say why the library
  refuses.

Estimators with parameters or a memory of their own (running mean, learned baseline, REBAR, RELAX) were taught for 150 steps first,
and then held. *Bias ± error* is the length of mean minus exact, beside the length that it would have by chance if there were no bias.
*Time* is processor time for a value and its gradient, relative to the plain estimator on the ELBO (reparametrized, or the score
function where there is no path), in turns within one process; these models are so small that it mostly measures the bookkeeping
around them.
"""


def draw_atlas(folder: Path) -> None:
    """The chart as it hangs on the wall (PDF), and as a picture of the page (PNG), from the table that is stored."""
    chart = wall_chart(load())
    for suffix in ("pdf", "png"):
        write(chart, folder / f"atlas.{suffix}")


def atlas_page() -> str:
    """The text of the page ``atlas``; its pictures are made by ``draw_atlas`` beside it."""
    table = load()
    rows, run = table["rows"], table["run"]
    measured = sum(row["status"] == "measured" for row in rows)
    said = "\n".join(f"- {sentence}" for sentence in findings(rows))
    return (
        TITLE + f"{len(ENTRIES)} estimators on {len(PROBLEMS)} pairs of model and family and two bounds, K = {run['samples']}: "
        f"{measured} cells measured, {len(rows) - measured} refused by the library.\n\n"
        f"```{{image}} atlas.png\n:alt: {ALT}\n```\n\n"
        "{download}`The chart as a vector file, for a wall (A1) <atlas.pdf>`, or `python -m course_vi.atlas --draw`.\n\n"
        f"{READING}\n## What it says\n\n{said}\n\n## The numbers\n\n"
        f"Made by `{run['command']}` with seed {run['seed']}, torch {run['torch']}, Python {run['python']}, one thread, "
        f"{run['seconds_of_processor']:,} seconds of processor time.\n\n" + "\n".join(_column(rows, name) for name in PROBLEMS)
    )  # fmt: skip


def _column(rows: list[dict[str, Any]], name: str) -> str:
    column = PROBLEMS[name]
    mine = [row for row in rows if row["column"] == name]
    lines = [_line(row) for row in mine if row["status"] == "measured"]
    said = {
        f"{ENTRIES[row['estimator']].label} ({refusal(row['why'])})"
        for row in mine
        if row["status"] == "refused" and refusal(row["why"]) != "refused"
    }
    refused = f"\nRefused: {', '.join(sorted(said))}.\n" if said else ""
    return f"### {column.model}, `{column.family}`\n\n{HEADER}" + "\n".join(lines) + f"\n{refused}"


def _line(row: dict[str, Any]) -> str:
    if "exact_variance" in row:
        exact = f"{row['exact_variance']:.4g} (exact)"
    else:
        exact = f"{row['variance']:.3g} ± {row['variance_se']:.1g}"
    return (
        f"| {ENTRIES[row['estimator']].label} | {row['bound'].upper()} | {verdict(row)} | "
        f"{row['bias']:.2g} ± {row['bias_se']:.1g} | {exact} | {row['snr']:.2g} | {row['values']} + {row['gradients']} | "
        f"{row['relative_time']:.2f} | {row['variance_times_cost']:.3g} |"
    )
