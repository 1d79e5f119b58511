"""``python -m course_vi.atlas``: measure every cell, keep the table, draw the chart."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path

import torch
from tqdm.auto import tqdm

from course_vi.atlas.measure import SAMPLES, measure_column
from course_vi.atlas.problems import PROBLEMS
from course_vi.atlas.table import PATH, load, save

__all__ = ["main"]


def main(argv: list[str]) -> None:
    """The command line described above."""
    parser = argparse.ArgumentParser("python -m course_vi.atlas", description=__doc__)
    parser.add_argument("--draw", action="store_true", help="draw the table that is stored")
    parser.add_argument("--columns", nargs="*", choices=list(PROBLEMS), help="measure these alone")
    parser.add_argument("--replicates", type=int, help="estimates for a cell (default 20,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("build/atlas.pdf"), help="the chart")
    chosen = parser.parse_args(argv)
    torch.set_num_threads(1)
    if not chosen.draw:
        _measure(chosen)
    from course_vi.atlas.chart import wall_chart
    from course_vi.atlas.sheet import write

    write(wall_chart(load()), chosen.out)
    print(f"wrote {chosen.out}")


def _measure(chosen: argparse.Namespace) -> None:
    """Column by column, each stored when it is done; those that were not asked for stay as they are."""
    asked = chosen.columns or list(PROBLEMS)
    rows = load()["rows"] if PATH.exists() else []
    rows = [row for row in rows if row["column"] in PROBLEMS]
    began = time.process_time()
    for column in tqdm(asked, "columns"):
        new = measure_column(column, chosen.replicates, chosen.seed)
        rows = [row for row in rows if row["column"] != column] + new
        rows.sort(key=lambda row: list(PROBLEMS).index(row["column"]))
        run = {
            "command": " ".join(["python -m course_vi.atlas", *sys.argv[1:]]),
            "seed": chosen.seed,
            "samples": SAMPLES,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "threads": 1,
            "seconds_of_processor": round(time.process_time() - began),
        }
        save({"run": run, "rows": rows})
    print(f"wrote {PATH.name}: {len(rows)} rows")


if __name__ == "__main__":
    main(sys.argv[1:])
