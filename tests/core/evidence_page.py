"""The page of evidence: where it is, how it begins, and how its rows are read again."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"
HEAD = """# Evidence

What the tests of the core prove, and by which oracle. This page is generated: `COURSE_VI_EVIDENCE=1 python -m pytest tests/core`.

*Error* is the largest absolute difference where the answer is deterministic (double precision). *|z|* is the largest
distance between a mean over replicates and the exact answer, in standard errors; the tests refuse 4.5. *Ratio* is a
measured quantity (mostly a variance) over its exact value, with a 95% interval where there is one, or over the same quantity
for the estimator named. Seeds are fixed, so the numbers come out the same again up to rounding. An oracle "= library version" is what
that library answered, recorded by the scripts in `tests/oracles`; the error is then relative to the largest number.

| what | oracle | error | \\|z\\| | ratio |
|---|---|---|---|---|
"""


def written(page: str) -> dict[str, str]:
    """The rows of a page, ``{what and oracle: numbers}``; the numbers are its last three cells."""
    rows = page.split("|---|---|---|---|---|\n", 1)[1].splitlines()
    parts = [row.rsplit("|", 4) for row in rows]
    return {f"{name}|": f"{'|'.join(['', *numbers])}"[1:] for name, *numbers in parts}
