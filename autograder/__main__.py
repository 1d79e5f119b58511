"""``python -m autograder COMMAND``: what an author or an instructor does."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "grade": ("autograder.grade", "run the instructor's loop: autograde, feedback, gradebook as CSV and table"),
    "collect": ("autograder.collect", "collect submissions from a zip of Canvas or Moodle, or from folders"),
    "report": ("autograder.overview", "the class at a glance: distribution, hardest exercise, commonest mistakes"),
    "similarity": ("autograder.similarity", "which answers look alike"),
    "export": ("autograder.export", "grades as CSV, and as Canvas and Moodle import them"),
    "notebooks": ("autograder.notebooks", "build all notebooks from their text masters, and prove them"),
    "smoke": ("autograder.smoke", "run every text master quickly, in forked children of a warm parent"),
    "attacks": ("autograder.attack_run", "grade a class of hostile notebooks, and see that every score is the honest one"),
    "audit": ("autograder.audit", "regrade the corpus of answers on many seeds"),
    "mutants": ("autograder.mutants", "change right answers in one place, and count what the checks notice"),
    "dictionary": ("autograder.dictionaries", "build what tells a change of a right answer from its behaviour, for learners' reports"),
    "calibrate": ("autograder.nulls", "simulate how often a right answer would fail, and write the table"),
}


def main(argv: list[str]) -> int:
    """Dispatch to a command; without one, list them."""
    if not argv or argv[0] not in COMMANDS:
        print("usage: python -m autograder COMMAND [options]\n")
        for name, (_, says) in COMMANDS.items():
            print(f"  {name:10s} {says}")
        return 0 if argv in ([], ["-h"], ["--help"]) else 2
    return int(importlib.import_module(COMMANDS[argv[0]][0]).main(argv[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
