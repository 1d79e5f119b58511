"""``python -m autograder slides``: a deck of slides for every lecture, in ``build/slides``."""

from __future__ import annotations

import argparse

from autograder.course import UsageError, this_course
from autograder.slides.deck import build_decks
from course_vi.syllabus import UNITS

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""
    parser = argparse.ArgumentParser(
        "python -m autograder slides", description="make slides of the lectures, for Reveal.js"
    )
    parser.add_argument("units", nargs="*", metavar="NN", help="these units alone")
    options = parser.parse_args(argv)
    chosen = [
        unit
        for unit in UNITS
        if not options.units or any(unit.stem.startswith(name) for name in options.units)
    ]
    if not chosen:
        raise UsageError(f"there is no unit {' or '.join(options.units)}")
    course = this_course()
    out = course.root / "build" / "slides"
    decks = build_decks(course, out, chosen)
    for stem, deck in decks.items():
        print(f"{stem:30s} {len(deck):3d} slides, {sum(s.kind == 'poll' for s in deck):2d} polls")
    print(f"wrote {out / 'index.html'}")
    return 0
