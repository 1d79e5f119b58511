"""The table behind the chart: one row for each cell, with the run that made it; for the chart, the site and the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from course_vi.atlas.entries import ENTRIES

__all__ = ["LIMIT", "PATH", "biased", "digits", "load", "save", "verdict"]

PATH = Path(__file__).with_name("atlas.json")
LIMIT = 4.5  # standard errors: what is further away is called a bias


def load(path: Path = PATH) -> dict[str, Any]:
    """``{"run": command, seed, versions, ...; "rows": [...]}``; what is in a row: ``measure.measure_cell``."""
    table: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return table


def save(table: dict[str, Any], path: Path = PATH) -> None:
    """A line for each row, so that a difference between two runs can be read; whole or not at all."""
    rows = ",\n".join(json.dumps({key: digits(value) for key, value in row.items()}) for row in table["rows"])  # fmt: skip
    text = f'{{"run": {json.dumps(table["run"])},\n"rows": [\n{rows}\n]}}\n'
    draft = path.with_suffix(".draft")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def digits(value: Any) -> Any:
    """Five of them, of a float.

    >>> digits(0.123456789), digits(7), digits("seven")
    (0.12346, 7, 'seven')
    """
    return float(f"{value:.5g}") if isinstance(value, float) else value


def biased(row: dict[str, Any]) -> bool:
    """Whether a bias is seen: in the exact mean where that is known, else beyond 4.5 standard errors in some entry."""
    if "exact_bias" in row:
        return bool(row["exact_bias"] > 1e-6 * (1 + row["signal"]))
    return bool(row["worst_z"] > LIMIT)


def verdict(row: dict[str, Any]) -> str:
    """A row in a few words: refused; biased, as it says or against what it says; no bias seen, or none at all."""
    if row["status"] == "refused":
        return "refused"
    if biased(row):
        return (
            "biased" if not ENTRIES[row["estimator"]].unbiased else "biased, and claims not to be"
        )
    return "no bias" if "exact_bias" in row else "no bias seen"
