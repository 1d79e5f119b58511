"""``python -m autograder honesty FILE``: a report's own claims, run again; for whoever writes one, and for whoever marks it."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from autograder.honesty.again_rules import FRESH
from autograder.honesty.verdict import judge

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above; 0 where no rule is broken."""
    parser = argparse.ArgumentParser(
        "python -m autograder honesty",
        description="run a capstone report, and its claims again with other seeds, shuffled outcomes and other splits",
        epilog="A report is code, and this runs it with your rights: a stranger's only where you would open their notebook.",
    )
    parser.add_argument("file", type=Path, help="the report: a notebook, or a text master")
    parser.add_argument("--fresh", type=int, default=FRESH, metavar="N", help=f"new seeds for each claim ({FRESH})")  # fmt: skip
    parser.add_argument("--splits", type=int, default=6, metavar="N", help="other splits for the forecast (6)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the verdict as JSON")
    options = parser.parse_args(argv)
    verdict = judge(options.file, options.fresh, options.splits)
    if options.json:
        told = {"points": verdict.points, "claims": verdict.claims, "notes": verdict.notes}
        print(json.dumps(told | {"faults": [asdict(fault) for fault in verdict.faults]}, indent=1))
    else:
        print(verdict)
    return 1 if verdict.faults else 0
