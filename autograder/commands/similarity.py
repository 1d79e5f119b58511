"""``python -m autograder similarity``: which answers look alike."""

from __future__ import annotations

import argparse

from autograder.commands.of_class import class_option, unit_and_class, unit_option
from autograder.intake.names import printable
from autograder.reports.similarity import ALIKE, SOLUTIONS, page, pairs, read_answers, rings

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""

    parser = argparse.ArgumentParser(
        "python -m autograder similarity", description="which answers look alike"
    )
    unit_option(parser)
    parser.add_argument(
        "--alike",
        type=float,
        default=ALIKE,
        help="the least share, from 0 to 1, that puts a pair on the list",
    )
    class_option(parser)
    options = parser.parse_args(argv)
    unit, group = unit_and_class(options)
    answers, released = read_answers(group, unit)
    found = pairs(answers, released, options.alike)
    path = group.folder / "reports" / unit / "similarity.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(unit, found, answers), encoding="utf-8")
    for ring in rings(found):
        print(f"a ring of {len(ring)}: {', '.join(map(printable, ring))}")
    for pair in found[:20]:
        print(f"{pair.alike:4.0%}  {pair.first}  {pair.second}")
    print(
        f"{len(answers.keys() - {SOLUTIONS})} notebooks, {len(found)} pairs at least {options.alike:.0%} alike: {path}"
    )
    return 0
