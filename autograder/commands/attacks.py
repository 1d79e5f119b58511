"""``python -m autograder attacks``: grade the corpus of attacks, and see that every score is the honest one."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from autograder.audit.attack import attacks
from autograder.audit.attack_run import grade_attacks, table
from autograder.course import CLASS

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""
    parser = argparse.ArgumentParser(
        "python -m autograder attacks", description="grade the corpus of attacks"
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="the beginning of an attack's name; all if none is given",
    )
    parser.add_argument(
        "--stock", action="store_true", help="show them to stock nbgrader too, where that is safe"
    )
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="write what came of it to this page"
    )
    options = parser.parse_args(argv)
    chosen = [
        attack
        for attack in attacks()
        if not options.names or attack.name.startswith(tuple(options.names))
    ]
    CLASS.mkdir(parents=True, exist_ok=True)
    outcome = grade_attacks(CLASS / "attacks", chosen, quiet=False)
    stock: dict[str, str] = {}
    if options.stock:
        from autograder.audit.attack_stock import stock_scores

        with tempfile.TemporaryDirectory(prefix="stock-") as scratch:
            stock = stock_scores(chosen, Path(scratch))
    print(table(outcome, chosen, stock))
    if options.write:
        from autograder.audit.attack_page import page

        told = page(outcome, chosen, stock, options.write)
        options.write.write_text(told, encoding="utf-8")
    print(
        "\n".join(["", *outcome.faults])
        if outcome.faults
        else "\nEvery score is the honest one; nobody was touched, nothing is left."
    )
    return 1 if outcome.faults else 0
