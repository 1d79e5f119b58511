"""Evidence: what the tests of the core proved, by which oracle, and how closely, as a table that a reader can check.

``COURSE_VI_EVIDENCE=1 python -m pytest tests/core`` writes ``docs/evidence.md``; without it, nothing is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

ROWS: dict[tuple[str, str], dict[str, float]] = {}
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


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small tensors are fastest on one thread, and timings do not depend on the machine's neighbours."""
    torch.set_num_threads(1)


@pytest.fixture
def evidence() -> Callable[..., None]:
    """``evidence(method, oracle, error=..., z=..., ratio=..., interval=...)`` keeps a row for the page; repeated rows keep the worst."""

    def record(
        method: str,
        oracle: str,
        *,
        error: float | None = None,
        z: float | None = None,
        ratio: float | None = None,
        interval: float | None = None,
    ) -> None:
        row = ROWS.setdefault((method, oracle), {})
        for name, value in (("error", error), ("z", z)):
            if value is not None:
                row[name] = max(row.get(name, 0.0), abs(float(torch.as_tensor(value).detach())))
        if ratio is not None:
            row["ratio"] = float(torch.as_tensor(ratio).detach())
        if interval is not None:
            row["interval"] = float(interval)

    return record


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("COURSE_VI_EVIDENCE", "") in ("", "0") or not ROWS:
        return
    lines = []
    for (method, oracle), row in sorted(ROWS.items()):
        error = f"{row['error']:.0e}" if "error" in row else ""
        z = f"{row['z']:.1f}" if "z" in row else ""
        ratio = f"{row['ratio']:.3g}" if "ratio" in row else ""
        ratio += f" +- {row['interval']:.1g}" if "interval" in row else ""
        lines.append(f"| {method} | {oracle} | {error} | {z} | {ratio} |")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(HEAD + "\n".join(lines) + "\n")
