"""``python -m autograder figures``: the contact sheet of all figures, in ``build/figures``."""

from __future__ import annotations

import argparse

from autograder.course import this_course
from autograder.site.contact_sheet import standalone

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""
    argparse.ArgumentParser("python -m autograder figures", description="lay out all figures").parse_args(argv)  # fmt: skip
    course = this_course()
    print(f"wrote {standalone(course, course.root / 'build' / 'figures')}")
    return 0
