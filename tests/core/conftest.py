"""Evidence: what the tests of the core proved, by which oracle, and how closely, as a table that a reader can check.

``COURSE_VI_EVIDENCE=1 python -m pytest tests/core`` writes ``docs/evidence.md``; without it, nothing is written. A run of some of the
tests replaces the rows that they prove, and leaves the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from evidence_page import HEAD, PAGE, written

ROWS: dict[tuple[str, str], dict[str, float]] = {}


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
    whole = [Path(argument).resolve() for argument in session.config.args] == [
        PAGE.parents[1] / "tests" / "core"
    ]
    everything = whole and not session.config.option.keyword and not session.config.option.markexpr
    lines = {} if everything else written(PAGE.read_text())
    for (method, oracle), row in ROWS.items():
        error = f"{row['error']:.0e}" if "error" in row else ""
        z = f"{row['z']:.1f}" if "z" in row else ""
        ratio = f"{row['ratio']:.3g}" if "ratio" in row else ""
        ratio += f" +- {row['interval']:.1g}" if "interval" in row else ""
        method, oracle = (text.replace("|", "\\|") for text in (method, oracle))  # else a new cell
        lines[f"| {method} | {oracle} |"] = f" {error} | {z} | {ratio} |"
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(HEAD + "".join(f"{name}{lines[name]}\n" for name in sorted(lines)))
