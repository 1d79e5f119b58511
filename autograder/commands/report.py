"""``python -m autograder report``: the class at a glance."""

from __future__ import annotations

import argparse

from autograder.commands.of_class import class_option, unit_and_class, unit_option
from autograder.reports.class_report import draw, page, summarize

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""

    parser = argparse.ArgumentParser(
        "python -m autograder report", description="the class at a glance"
    )
    unit_option(parser)
    class_option(parser)
    options = parser.parse_args(argv)
    unit, group = unit_and_class(options)
    summary = summarize(group, unit)
    folder = group.folder / "reports" / unit
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(page(summary, draw(summary, folder)), encoding="utf-8")
    ranked = [
        (count, name, kind)
        for name, kinds in summary.mistakes.items()
        for kind, count in kinds.items()
    ]
    print(
        f"{len(summary.points)} graded, {len(summary.reasons)} without a grade: {folder / 'index.html'}"
    )
    if summary.hardest:
        print(
            f"hardest: {summary.titles[summary.hardest[0]]}, {summary.share(summary.hardest[0]):.0%} of the points"
        )
    if ranked:
        count, name, kind = max(ranked)
        print(f"commonest mistake: {kind} ({summary.titles[name]}, {count} students)")
    return 0
