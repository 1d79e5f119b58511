"""What the table says, in sentences whose numbers are read off it: under the chart, on the site, and held by the tests."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from course_vi.atlas.entries import ENTRIES
from course_vi.atlas.problems import PROBLEMS
from course_vi.atlas.table import biased

__all__ = ["ask", "findings", "ratios"]

Rows = list[dict[str, Any]]


def ask(rows: Rows, estimator: str, bound: str) -> dict[str, dict[str, Any]]:
    """The measured cells of an estimator, by column."""
    return {
        row["column"]: row
        for row in rows
        if (row["estimator"], row["bound"], row["status"]) == (estimator, bound, "measured")
    }


def ratios(rows: Rows, one: str, other: str, bound: str, what: str) -> dict[str, float]:
    """``what`` of one estimator over that of another, by column, where both are measured."""
    first, second = ask(rows, one, bound), ask(rows, other, bound)
    return {name: first[name][what] / second[name][what] for name in first if name in second}


def _unbiased(rows: Rows) -> Iterator[dict[str, Any]]:
    return (row for row in rows if row["status"] == "measured" and ENTRIES[row["estimator"]].unbiased)  # fmt: skip


def _relaxed(rows: Rows) -> Iterator[dict[str, Any]]:
    return (row for row in rows if row["status"] == "measured" and not ENTRIES[row["estimator"]].unbiased)  # fmt: skip


def findings(rows: Rows) -> list[str]:
    """One sentence each; no sentence says more than the table holds."""
    fair, relaxed = list(_unbiased(rows)), list(_relaxed(rows))
    worst = max(row["worst_z"] for row in fair)
    seen = sum(map(biased, relaxed))
    drowned = sum(row["bias"] ** 2 > row["variance"] for row in relaxed)
    near = ask(rows, "reparametrized", "elbo")["toy, near"]["variance"]
    stuck = ask(rows, "sticking_the_landing", "elbo")["toy, near"]["variance"]
    alone = ratios(rows, "score_function", "score_function, leave one out", "elbo", "variance")
    path = ratios(rows, "score_function, leave one out", "reparametrized", "elbo", "variance_times_cost")  # fmt: skip
    double = ratios(rows, "doubly_reparametrized", "reparametrized", "iwae", "variance")
    landing = ratios(rows, "sticking_the_landing", "reparametrized", "elbo", "variance")
    worse = [name for name, ratio in landing.items() if ratio > 1]
    vimco = ratios(rows, "vimco", "score_function", "iwae", "variance")
    taught = ratios(rows, "Rebar", "score_function, leave one out", "elbo", "variance_times_cost")
    blanket = ratios(rows, "rao_blackwellized", "score_function", "elbo", "variance")
    return [
        f"No bias is seen where none is claimed: the largest z-score in {len(fair)} cells is {worst:.1f} (we assert 4.5).",
        f"The relaxations are biased: seen in {seen} of {len(relaxed)} cells; in {drowned} the squared bias exceeds the variance.",
        f"Leaving one out divides the score function's variance by {median(alone.values()):.1f} "
        f"(median; {min(alone.values()):.1f} to {max(alone.values()):.1f} over {len(alone)} models).",
        f"Leaving one out needs {median(path.values()):.1f} times the work of the reparametrized gradient (median; "
        f"{min(path.values()):.2g} to {max(path.values()):.2g}); the path wins in {sum(r > 1 for r in path.values())} of "
        f"{len(path)} models.",
        f"Near the posterior sticking the landing divides the variance by {near / stuck:,.0f}; elsewhere it need not help: "
        f"it is noisier than the total derivative in {len(worse)} of {len(landing)} models.",
        f"With IWAE the doubly reparametrized gradient has {median(double.values()):.2f} times the total derivative's variance "
        f"(median; {min(double.values()):.2g} to {max(double.values()):.2g}), "
        f"VIMCO {median(vimco.values()):.3f} times the score function's.",
        f"REBAR's control variate costs five times the evaluations: work {median(taught.values()):.2f} times that of leave-one-out "
        f"(median; {min(taught.values()):.2g} to {max(taught.values()):.2g}).",
        "Rao-Blackwellization alone multiplies the score function's variance by "
        + ", ".join(f"{ratio:.2f} ({PROBLEMS[name].model})" for name, ratio in blanket.items())
        + ": it can raise it.",
    ]
